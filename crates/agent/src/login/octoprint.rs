//! `OctoPrint` can log visitors in by their address alone (`autologinLocal`). Its page asks for
//! that when it is opened, and so does this.

use http::{Method, Request, header::CONTENT_TYPE};

use super::stranger::Stranger;

/// How the cookie begins that has to be repeated in a header.
const TOKEN: &str = "csrf_token";

/// Does what the page does. Afterwards the stranger has whatever session there is to have. `None`
/// if nobody answers.
pub(super) async fn log_in_by_address(stranger: &mut Stranger<'_>) -> Option<()> {
    let page = stranger.ask(Method::GET, "/login/").await?;
    stranger.keep_cookies(&page);
    let login = Request::post("/api/login")
        .header(CONTENT_TYPE, "application/json")
        .header("x-csrf-token", stranger.cookie(TOKEN))
        .body(forward::full(r#"{"passive":true}"#))
        .ok()?;
    let answer = stranger.send(login).await?;
    stranger.keep_cookies(&answer);
    Some(())
}
