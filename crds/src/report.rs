//! `reports!`: the parts of a status, each field with its Rust type and its shape in the schema side by side. Every field may be
//! absent. Words and durations are `String` in Rust: a word that only a newer agent knows must not make a report unreadable.

/// Declares structs whose fields are all optional, and their schemas; the docs are the descriptions in both.
macro_rules! reports {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident {
            $($(#[doc = $what:literal])+ $field:ident: $type:ty = $shape:expr;)+
        }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub struct $name {
            $(
                $(#[doc = $what])+
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $field: Option<$type>,
            )+
        }

        impl $name {
            /// As the API server sees it.
            pub(crate) fn shape() -> serde_json::Value {
                let fields = [$((
                    $crate::report::camel_case(stringify!($field)),
                    $crate::shape::described($shape, concat!($($what),+)),
                )),+];
                $crate::shape::described($crate::shape::object(fields), concat!($($doc),+))
            }
        }
    )+};
}
pub(crate) use reports;

/// The name of a field as it stands in JSON; the same rule as serde's.
pub(crate) fn camel_case(field: &str) -> String {
    let mut parts = field.split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (first, rest) = part.split_at(part.len().min(1));
        name.push_str(&first.to_ascii_uppercase());
        name.push_str(rest);
    }
    name
}
