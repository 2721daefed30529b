//! A [`Fault`] in JSON: its word.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fault::Fault;

/// A fault, written as its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultName(pub Fault);

impl Serialize for FaultName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for FaultName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        let mut all = Fault::ALL.iter();
        all.find(|fault| fault.as_str() == word)
            .map(|fault| Self(*fault))
            .ok_or_else(|| D::Error::custom("is not a Fault that this program knows"))
    }
}
