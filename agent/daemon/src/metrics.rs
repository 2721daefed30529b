//! How a program declares its metrics: the families with their names, types and helps in one table, and gauges that are
//! absent while there is nothing to show. The names are a contract (dashboards, alerts); the encoder adds `_total` to
//! counters and `_info` to infos, so it is not part of the names in a table.

pub mod page;

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Metric, Registry};

/// A gauge that is there or not: 0 as a time would be 1970.
pub type Optional = Family<[(&'static str, &'static str); 0], Gauge<f64, AtomicU64>>;

/// Declares each family once: the field, its type, its name and help, and how it begins. Makes the struct `Families` with
/// `add_to(&mut Registry)`.
#[macro_export]
macro_rules! families {
    ($($field:ident: $kind:ty = $name:literal, $help:literal, $metric:expr;)+) => {
        #[derive(Debug)]
        pub(super) struct Families {
            $(pub(super) $field: $kind,)+
        }

        impl Families {
            fn add_to(registry: &mut ::prometheus_client::registry::Registry) -> Self {
                Self { $($field: $crate::metrics::add(registry, $name, $help, $metric),)+ }
            }
        }
    };
}

/// Registers a metric and gives it back; clones are the same metric.
pub fn add<M: Metric + Clone>(to: &mut Registry, name: &str, help: &str, metric: M) -> M {
    to.register(name, help, metric.clone());
    metric
}

/// Shows a value, or nothing.
pub fn absent_or(gauge: &Optional, value: Option<f64>) {
    match value {
        Some(value) => {
            gauge.get_or_create(&[]).set(value);
        }
        None => gauge.clear(),
    }
}

/// Everything of a registry, as text of [`crate::admin::CONTENT_TYPE`].
#[must_use]
pub fn encode(registry: &Registry) -> String {
    let mut page = String::with_capacity(16 * 1024);
    text::encode(&mut page, registry).expect("a String takes all");
    page
}
