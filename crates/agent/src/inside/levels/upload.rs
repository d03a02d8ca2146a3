//! An upload below `controls`: nothing of it passes before it was judged, and when it wants what
//! its visitor may not, it breaks off. A form that never ends starts nothing.

use bytes::Bytes;
use forward::{Body, BodySender, BoxError, Origin};
use guard::{Form, Refused};
use http::{Request, Response};
use http_body_util::BodyExt;
use printer::Level;
use tokio::sync::oneshot;

use super::Problem;

pub(super) async fn send(
    form: Form,
    level: Level,
    origin: &Origin,
    request: Request<Body>,
) -> Result<Response<Body>, Problem> {
    let form = if level >= Level::Print { form.that_may_start() } else { form };
    let (parts, from_visitor) = request.into_parts();
    let (to_printer, judged) = forward::channel();
    let (tell, refused) = oneshot::channel();
    tokio::spawn(async move {
        if let Err(error) = pass(form, from_visitor, to_printer).await
            && let Ok(refused) = error.downcast::<Refused>()
        {
            let _ = tell.send(*refused);
        }
    });
    // A printer may answer before the end. The rest is judged all the same.
    tokio::select! {
        biased;
        Ok(refused) = refused => Err(Problem::NotAllowed(match refused {
            Refused::Start => Level::Print,
            Refused::Unlisted => Level::Controls,
        })),
        answer = origin.send(Request::from_parts(parts, judged)) => Ok(answer?),
    }
}

async fn pass(mut form: Form, mut from: Body, to: BodySender) -> Result<(), BoxError> {
    while let Some(frame) = from.frame().await {
        if let Ok(piece) = frame?.into_data() {
            to.send(Bytes::from(form.read(&piece)?)).await?;
        }
    }
    form.finish()?;
    to.finish();
    Ok(())
}
