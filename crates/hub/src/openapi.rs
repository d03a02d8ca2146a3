//! The API's description (OpenAPI 3.1), made from the routes themselves.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, Ref, ResponseBuilder,
        path::{Operation, PathItem},
        security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme},
    },
};

use crate::{api, problem::Problem, session::COOKIE_NAME};

/// The document as it is kept in `docs/openapi.json`: indented, with a final newline.
pub fn openapi_json() -> String {
    let mut json = document().to_pretty_json().unwrap_or_default();
    json.push('\n');
    json
}

/// The document.
pub(crate) fn document() -> OpenApi {
    let mut document = api::documented();
    document.info = InfoBuilder::new()
        .title("Layerlock")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Secure remote access for 3D printers."))
        .license(Some(
            LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
        ))
        .build();
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE_NAME)));
    let components = document.components.get_or_insert_default();
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    components.add_security_scheme("session", cookie);
    document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>("session", [])]);
    document.paths.paths.values_mut().flat_map(operations).for_each(describe_problems);
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten()
}

/// Every operation may fail, and always in the same form.
fn describe_problems(operation: &mut Operation) {
    let problem = Ref::from_schema_name(Problem::name());
    let response = ResponseBuilder::new()
        .description("It was not done; `code` says why.")
        .content("application/problem+json", ContentBuilder::new().schema(Some(problem)).build())
        .build();
    operation.responses.responses.insert("default".to_owned(), response.into());
}
