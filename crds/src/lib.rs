//! Sabai's custom resources.
