//! What a statement's parameter can be.

use uuid::Uuid;

/// A parameter, in the five kinds that are stored. `None` is NULL of that kind.
pub(crate) enum Value {
    Uuid(Option<Uuid>),
    Integer(Option<i64>),
    Flag(Option<bool>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// The parameters of a statement, in the order of `$1`, `$2`, …
macro_rules! params {
    ($($parameter:expr),* $(,)?) => {
        vec![$($crate::db::Bind::bind(&$parameter)),*]
    };
}
pub(crate) use params;

macro_rules! from_option {
    ($($raw:ty => $kind:ident),* $(,)?) => {
        $(impl From<Option<$raw>> for Value {
            fn from(value: Option<$raw>) -> Self {
                Self::$kind(value)
            }
        })*
    };
}

from_option!(Uuid => Uuid, i64 => Integer, bool => Flag, String => Text, Vec<u8> => Bytes);
