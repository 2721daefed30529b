//! Conditions, by the conventions of the Kubernetes API
//! (<https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md>). Not
//! k8s-openapi's type: with its schema the API server takes `status: Maybe` and an empty reason.

use sabai_wire::control::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::shape;

/// The longest message, in characters.
pub const MESSAGE_CHARACTERS: usize = 1024;
/// More than both kinds have.
const MOST: usize = 16;

/// One condition of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// In CamelCase; one of each in an object.
    #[serde(rename = "type")]
    pub type_: String,
    pub status: ConditionStatus,
    /// Why it is so, one word in CamelCase.
    pub reason: String,
    /// The same for people, [`MESSAGE_CHARACTERS`] at most.
    #[serde(default)]
    pub message: String,
    /// Of the object's generation that this was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When `status` changed last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Timestamp>,
}

/// Whether it is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConditionStatus {
    True,
    False,
    Unknown,
}

impl ConditionStatus {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::True, Self::False, Self::Unknown];

    /// The word itself.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// The list of an object's conditions.
pub(crate) fn shape() -> Value {
    let statuses = ConditionStatus::ALL.iter().map(|status| status.as_str());
    let fields = [
        (
            "type",
            shape::camel_case(),
            "What it is about, in CamelCase.",
        ),
        ("status", shape::word(statuses), "Whether it is so."),
        ("reason", shape::camel_case(), "Why it is so, in one word."),
        (
            "message",
            shape::text(MESSAGE_CHARACTERS),
            "The same for people.",
        ),
        (
            "observedGeneration",
            shape::count(),
            "The generation of the PoolConfig that this was said of.",
        ),
        (
            "lastTransitionTime",
            shape::time(),
            "When status changed last.",
        ),
    ];
    let fields = fields.map(|(name, shape, what)| (name.to_owned(), shape::described(shape, what)));
    let mut condition = shape::object(fields);
    condition["required"] = json!(["type", "status", "reason"]);
    shape::list_by("type", condition, MOST)
}
