//! What a visitor of a printer's origin is told when the printer itself doesn't answer: a small
//! page for a person, problem+json for a program, each with the request's id. The pages need
//! nothing but one style sheet of our own, and run no script.

mod ago;
mod asker;
mod notice;
mod page;

pub(crate) use ago::ago;
pub(crate) use asker::Asker;
pub(crate) use notice::Notice;
pub(crate) use page::{ENTER, ENTER_SCRIPT, STYLE, protect};
