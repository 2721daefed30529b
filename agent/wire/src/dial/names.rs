//! Names to addresses, in process: no NSS, search domains honoured, answers cached for their TTL.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolverConfig,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;

use super::Failure;
use crate::fault::Fault;
use crate::stage::Stage;

/// Resolves the one name that a [`super::Dialer`] dials.
pub(super) struct Names {
    nameserver: Option<SocketAddr>,
    resolver: OnceLock<TokioResolver>,
}

impl Names {
    pub(super) fn new(nameserver: Option<SocketAddr>) -> Self {
        Self {
            nameserver,
            resolver: OnceLock::new(),
        }
    }

    /// All addresses of `host`, in the resolver's order.
    pub(super) async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Failure> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let failure = |error: &dyn std::fmt::Display| {
            let detail = format!("cannot resolve {host}: {error}");
            Failure::new(Fault::NameNotResolved, detail)
        };
        let found = self
            .resolver()
            .map_err(|error| failure(&error))?
            .lookup_ip(host)
            .await;
        let addresses: Vec<_> = found
            .map_err(|error| failure(&error))?
            .iter()
            .map(|address| SocketAddr::new(address, port))
            .collect();
        if addresses.is_empty() {
            return Err(failure(&"the name exists but has no address"));
        }
        Ok(addresses)
    }

    fn resolver(&self) -> Result<&TokioResolver, NetError> {
        if let Some(resolver) = self.resolver.get() {
            return Ok(resolver);
        }
        let provider = TokioRuntimeProvider::default();
        let mut builder = match self.nameserver {
            None => TokioResolver::builder(provider)?,
            Some(server) => {
                let transports = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
                let connections = transports.map(|mut one| {
                    one.port = server.port();
                    one
                });
                let server = NameServerConfig::new(server.ip(), true, connections.to_vec());
                TokioResolver::builder_with_config(
                    ResolverConfig::from_name_servers(vec![server]),
                    provider,
                )
            }
        };
        let options = builder.options_mut();
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        // Two tries fit into the stage.
        options.timeout = Stage::Dns.limit() / 2;
        let resolver = builder.build()?;
        Ok(self.resolver.get_or_init(|| resolver))
    }
}
