//! Reads what is logged and how.

use super::reader::Reader;
use super::table;
use crate::logging::{Format, LogConfig, check_filter};

/// `SABAI_LOG` and `SABAI_LOG_FORMAT`; `None` when `reader` has noted problems.
pub fn read(reader: &mut Reader<'_>) -> Option<LogConfig> {
    let filter = reader.get(&table::SABAI_LOG, check_filter);
    let format = reader.get(&table::SABAI_LOG_FORMAT, |text| match text {
        "json" => Ok(Format::Json),
        "human" => Ok(Format::Human),
        _ => Err("is neither json nor human".to_owned()),
    });
    Some(LogConfig {
        filter: filter?,
        format,
    })
}
