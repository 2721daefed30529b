//! The agent in a cluster: a real API server, with the release's own rights.

mod rights;
