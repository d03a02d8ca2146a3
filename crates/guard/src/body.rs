//! What JSON bodies of listed routes take.

use printer::Level;
use serde_json::{Map, Value};

/// Says which level a body takes; `Null` stands for no body.
pub(crate) type Judge = fn(&Value) -> Level;

/// The object, if it has no other names than these.
pub(crate) fn only<'a>(value: &'a Value, names: &[&str]) -> Option<&'a Map<String, Value>> {
    let object = value.as_object()?;
    object.keys().all(|key| names.contains(&key.as_str())).then_some(object)
}

/// `level` if a condition holds, else `controls`.
pub(crate) const fn if_so(so: bool, level: Level) -> Level {
    if so { level } else { Level::Controls }
}

/// Whether there is nothing in it.
pub(crate) fn is_empty(value: &Value) -> bool {
    value.is_null() || only(value, &[]).is_some()
}
