//! What an agent may do with the token of its pod is what the chart's files grant, and nothing else: every verb is tried on
//! everything that it could want.

mod ground;
mod life;
mod pinned;
mod product;
mod table;
mod tried;
