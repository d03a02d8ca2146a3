//! How the words of `printer` and `credentials` are written to a column and read from it.

use std::net::IpAddr;

use credentials::{Email, PasswordHash, TokenDigest};
use printer::{AccountId, AgentId, GrantId, Kind, Level, Name, PrinterId, SessionId, Timestamp};
use uuid::Uuid;

use super::{Value, row::Raw};
use crate::LinkState;

/// A type that fits into one column.
pub(crate) trait Column: Sized {
    /// What is stored.
    type Raw: Raw;

    fn to_raw(&self) -> Self::Raw;

    /// `None` when the stored value can't be one of these.
    fn from_raw(raw: Self::Raw) -> Option<Self>;
}

/// A type that can be a parameter: a [`Column`], perhaps NULL.
pub(crate) trait Bind {
    fn bind(&self) -> Value;
}

impl<C: Column> Bind for C
where
    Value: From<Option<C::Raw>>,
{
    fn bind(&self) -> Value {
        Some(self.to_raw()).into()
    }
}

impl<C: Column> Bind for Option<C>
where
    Value: From<Option<C::Raw>>,
{
    fn bind(&self) -> Value {
        self.as_ref().map(C::to_raw).into()
    }
}

macro_rules! as_it_is {
    ($($type:ty),*) => {
        $(impl Column for $type {
            type Raw = Self;

            fn to_raw(&self) -> Self {
                self.clone()
            }

            fn from_raw(raw: Self) -> Option<Self> {
                Some(raw)
            }
        })*
    };
}

as_it_is!(bool, String, Vec<u8>);

macro_rules! as_uuid {
    ($($id:ty),*) => {
        $(impl Column for $id {
            type Raw = Uuid;

            fn to_raw(&self) -> Uuid {
                self.as_uuid()
            }

            fn from_raw(raw: Uuid) -> Option<Self> {
                Some(Self::from_uuid(raw))
            }
        })*
    };
}

as_uuid!(AccountId, SessionId, AgentId, PrinterId, GrantId);

macro_rules! as_text {
    ($($type:ty),*) => {
        $(impl Column for $type {
            type Raw = String;

            fn to_raw(&self) -> String {
                self.to_string()
            }

            fn from_raw(raw: String) -> Option<Self> {
                raw.parse().ok()
            }
        })*
    };
}

as_text!(Email, Name, Level, Kind, LinkState, IpAddr);

impl Column for Timestamp {
    type Raw = i64;

    fn to_raw(&self) -> i64 {
        self.as_unix_micros()
    }

    fn from_raw(raw: i64) -> Option<Self> {
        Some(Self::from_unix_micros(raw))
    }
}

impl Column for u16 {
    type Raw = i64;

    fn to_raw(&self) -> i64 {
        i64::from(*self)
    }

    fn from_raw(raw: i64) -> Option<Self> {
        raw.try_into().ok()
    }
}

impl Column for u32 {
    type Raw = i64;

    fn to_raw(&self) -> i64 {
        i64::from(*self)
    }

    fn from_raw(raw: i64) -> Option<Self> {
        raw.try_into().ok()
    }
}

impl Column for TokenDigest {
    type Raw = Vec<u8>;

    fn to_raw(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_raw(raw: Vec<u8>) -> Option<Self> {
        raw.try_into().ok().map(Self::from_bytes)
    }
}

impl Column for PasswordHash {
    type Raw = String;

    fn to_raw(&self) -> String {
        self.as_str().to_owned()
    }

    fn from_raw(raw: String) -> Option<Self> {
        Self::from_phc(&raw).ok()
    }
}
