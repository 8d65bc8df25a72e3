//! Keeps a registry from leading dive to addresses that it cannot reach itself: services of this machine, and the metadata service
//! of a cloud, which hands out credentials. Redirects and token servers may be anywhere else.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Metadata services outside of the link-local range: those of Alibaba, Azure and Oracle, and for IPv6 of Google and Oracle.
const METADATA: [IpAddr; 5] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe)),
];

/// The first half of the IPv6 addresses of Amazon's services for a machine.
const AMAZON: [u16; 4] = [0xfd00, 0xec2, 0, 0];

/// The first three quarters of IPv6 addresses that stand for an IPv4 address: mapped (RFC 4291), compatible, translated (RFC 2765),
/// and of NAT64 (RFC 6052).
const EMBEDDING: [[u16; 6]; 4] = [[0, 0, 0, 0, 0, 0xffff], [0; 6], [0, 0, 0, 0, 0xffff, 0], [0x64, 0xff9b, 0, 0, 0, 0]];

/// The first part of IPv6 addresses of 6to4 (RFC 3056), which the IPv4 address follows.
const SIX_TO_FOUR: u16 = 0x2002;

/// The IPv4 address for which an address stands, or the address itself.
fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if !v6.is_loopback() && EMBEDDING.iter().any(|start| v6.segments().starts_with(start)) => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        IpAddr::V6(v6) if v6.segments().starts_with(&[SIX_TO_FOUR]) => {
            let [_, _, a, b, c, d, ..] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        address => address,
    }
}

/// Who reaches an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AddressReach {
    /// Machines of a network, private or public.
    Network,
    /// Machines on the same link, and the machines of a cloud.
    Link,
    /// This machine.
    Machine,
}

impl AddressReach {
    fn of(address: IpAddr) -> Self {
        let address = canonical(address);
        let (is_link_local, is_this_machine) = match address {
            // Connections to 0.0.0.0 reach this machine.
            IpAddr::V4(v4) => (v4.is_link_local(), v4.is_loopback() || v4.octets().starts_with(&[0])),
            IpAddr::V6(v6) => (v6.is_unicast_link_local() || v6.segments().starts_with(&AMAZON), v6.is_loopback()),
        };
        if is_this_machine {
            Self::Machine
        } else if is_link_local || METADATA.contains(&address) {
            Self::Link
        } else {
            Self::Network
        }
    }

    /// The reach of a host that needs no lookup; `None` for other names. `host` is that of an [`Url`], which knows the spellings of an
    /// address.
    fn of_host(host: &str) -> Option<Self> {
        let name = host.trim_end_matches('.');
        if name == "localhost" || name.ends_with(".localhost") {
            return Some(Self::Machine);
        }
        host.trim_matches(['[', ']']).parse().ok().map(Self::of)
    }

    /// True if a registry of this reach may lead to an address of `other`.
    fn may_lead_to(self, other: Self) -> bool {
        other == Self::Network || other == self
    }
}

/// The host of `HOST[:PORT]` as an [`Url`] has it.
fn host_of(address: &str) -> String {
    let url = Url::parse(&format!("http://{address}")).ok();
    url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// True if `HOST[:PORT]` is this machine without a lookup.
pub(super) fn is_this_machine(address: &str) -> bool {
    AddressReach::of_host(&host_of(address)) == Some(AddressReach::Machine)
}

/// The reach of a registry, and the hosts that it led to.
#[derive(Debug)]
pub(super) struct RegistryReach {
    /// Its address in messages.
    registry: String,
    /// Its host, without the port.
    host: String,
    /// The reaches of its addresses in the first lookup, and [`AddressReach::Network`] if a later one finds such an address. Behind a
    /// proxy there is none.
    own: Mutex<Vec<AddressReach>>,
    led_to: Mutex<HashSet<String>>,
}

impl RegistryReach {
    /// The reach of the registry at `HOST[:PORT]`.
    pub(super) fn new(registry: &str) -> Self {
        let host = host_of(registry);
        let own = Mutex::new(AddressReach::of_host(&host).into_iter().collect());
        Self { registry: registry.to_owned(), host, own, led_to: Mutex::default() }
    }

    /// The reach of a registry that was in a network at its first lookup.
    #[cfg(test)]
    pub(super) fn of_network(registry: &str) -> Self {
        Self { own: Mutex::new(vec![AddressReach::Network]), ..Self::new(registry) }
    }

    /// Checks an address that a response names: of a redirect or a token server. A name is checked again when it is looked up.
    pub(super) fn lead_to(&self, url: &Url) -> Result<(), TooNear> {
        let Some(host) = url.host_str() else { return Ok(()) };
        match AddressReach::of_host(host) {
            Some(reach) if !self.own().may_lead_to(reach) => Err(self.too_near(host, reach, None)),
            Some(_) => Ok(()),
            None => {
                self.led_to.lock().unwrap_or_else(PoisonError::into_inner).insert(host.to_owned());
                Ok(())
            }
        }
    }

    fn own(&self) -> AddressReach {
        match self.own.lock().unwrap_or_else(PoisonError::into_inner)[..] {
            [own] => own,
            _ => AddressReach::Network,
        }
    }

    /// The addresses of `name` that may be connected to.
    fn admit(&self, name: &str, mut addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, TooNear> {
        let reach = |address: &SocketAddr| AddressReach::of(address.ip());
        let Some(first) = addresses.first().copied() else { return Ok(addresses) };
        if name == self.host {
            let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            let is_first = own.is_empty();
            for reach in addresses.iter().map(reach) {
                if (is_first || reach == AddressReach::Network) && !own.contains(&reach) {
                    own.push(reach);
                }
            }
            // The owner of a name may let it lead elsewhere meanwhile.
            addresses.retain(|address| own.contains(&reach(address)));
        }
        // Names that the user or a proxy setting gives may lead anywhere.
        if self.led_to.lock().unwrap_or_else(PoisonError::into_inner).contains(name) {
            addresses.retain(|address| self.own().may_lead_to(reach(address)));
        }
        if addresses.is_empty() { Err(self.too_near(name, reach(&first), Some(first.ip()))) } else { Ok(addresses) }
    }

    fn too_near(&self, host: &str, reach: AddressReach, address: Option<IpAddr>) -> TooNear {
        let target = address.map_or_else(|| host.to_owned(), |address| format!("{host} ({address})"));
        TooNear { registry: self.registry.clone(), target, reach }
    }
}

/// Looks names up and leaves out addresses that the registry may not lead to. The connection is to an address that was checked.
pub(super) struct CheckedNames(pub(super) Arc<RegistryReach>);

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let registry = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(registry.admit(name.as_str(), addresses)?.into_iter()) as Addrs)
        })
    }
}

/// A registry leads to an address that is nearer to this machine than its own.
#[derive(Debug)]
pub(super) struct TooNear {
    pub(super) registry: String,
    target: String,
    reach: AddressReach,
}

impl fmt::Display for TooNear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, such) = match self.reach {
            AddressReach::Machine => ("an address of this machine", "on this machine"),
            AddressReach::Link | AddressReach::Network => ("a link-local or metadata address", "at such an address"),
        };
        write!(
            f,
            "it leads to {}, {kind}, which dive follows only from a registry {such}; check its redirects and its token server",
            self.target
        )
    }
}

impl Error for TooNear {}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn every_spelling_of_a_near_address_is_known() {
        for (url, reach) in [
            ("http://127.0.0.1:80/", Some(AddressReach::Machine)),
            ("http://127.9/", Some(AddressReach::Machine)),
            ("http://2130706433/", Some(AddressReach::Machine)),
            ("http://0x7f.1/", Some(AddressReach::Machine)),
            ("http://0.0.0.0/", Some(AddressReach::Machine)),
            ("http://[::1]/", Some(AddressReach::Machine)),
            ("http://[::]/", Some(AddressReach::Machine)),
            ("http://[::ffff:127.0.0.1]/", Some(AddressReach::Machine)),
            ("http://LOCALHOST./", Some(AddressReach::Machine)),
            ("http://a.localhost/", Some(AddressReach::Machine)),
            ("http://169.254.169.254/", Some(AddressReach::Link)),
            ("http://[fe80::1]/", Some(AddressReach::Link)),
            ("http://[::ffff:a9fe:a9fe]/", Some(AddressReach::Link)),
            ("http://[fd00:ec2::254]/", Some(AddressReach::Link)),
            ("http://[fd00:ec2::23]/", Some(AddressReach::Link)),
            ("http://[fd20:ce::254]/", Some(AddressReach::Link)),
            ("http://[fd00:c1::a9fe:a9fe]/", Some(AddressReach::Link)),
            ("http://100.100.100.200/", Some(AddressReach::Link)),
            ("http://168.63.129.16/", Some(AddressReach::Link)),
            ("http://192.0.0.192/", Some(AddressReach::Link)),
            ("http://[2002:7f00:1::1]/", Some(AddressReach::Machine)),
            ("http://[2002:a9fe:a9fe::]/", Some(AddressReach::Link)),
            ("http://[2002:c000:201::]/", Some(AddressReach::Network)),
            ("http://[64:ff9b::7f00:1]/", Some(AddressReach::Machine)),
            ("http://[64:ff9b::100.100.100.200]/", Some(AddressReach::Link)),
            ("http://[::127.0.0.1]/", Some(AddressReach::Machine)),
            ("http://[::ffff:0:127.0.0.1]/", Some(AddressReach::Machine)),
            ("http://[64:ff9b::10.0.0.1]/", Some(AddressReach::Network)),
            ("http://0177.0.0.1/", Some(AddressReach::Machine)),
            ("http://%6cocalhost/", Some(AddressReach::Machine)),
            ("http://127。0。0。1/", Some(AddressReach::Machine)),
            ("http://10.0.0.1/", Some(AddressReach::Network)),
            ("http://192.0.2.1/", Some(AddressReach::Network)),
            ("http://[fd00::1]/", Some(AddressReach::Network)),
            ("http://localhost.example/", None),
        ] {
            assert_eq!(AddressReach::of_host(Url::parse(url).unwrap().host_str().unwrap()), reach, "{url}");
        }
    }

    #[test]
    fn a_registry_leads_to_no_nearer_address() {
        for (registry, near) in [
            ("192.0.2.1:5000", [false, false]),
            ("10.0.0.1", [false, false]),
            ("localhost:5000", [true, false]),
            ("[::1]:5000", [true, false]),
            ("169.254.1.2:5000", [false, true]),
        ] {
            let registry = RegistryReach::new(registry);
            let leads = |host: &str| registry.lead_to(&Url::parse(&format!("https://{host}/x")).unwrap()).is_ok();
            assert_eq!([leads("127.0.0.1"), leads("169.254.169.254")], near, "{registry:?}");
            assert!(leads("10.0.0.2") && leads("192.0.2.2") && leads("cdn.example"), "{registry:?}");
        }
    }

    #[test]
    fn a_name_is_checked_when_it_is_looked_up() {
        let registry = RegistryReach::new("reg.example:5000");
        // A proxy on this machine.
        assert!(registry.admit("proxy.example", addresses(&["127.0.0.1"])).is_ok());
        assert!(registry.admit("reg.example", addresses(&["192.0.2.1"])).is_ok());
        for host in ["cdn.example", "reg.example"] {
            registry.lead_to(&Url::parse(&format!("http://{host}/x")).unwrap()).unwrap();
            let far = registry.admit(host, addresses(&["127.0.0.1", "192.0.2.7", "169.254.169.254"])).unwrap();
            assert_eq!(far, addresses(&["192.0.2.7"]));
            let error = registry.admit(host, addresses(&["169.254.169.254"])).unwrap_err();
            assert_eq!(error.registry, "reg.example:5000");
            let start = format!(
                "it leads to {host} (169.254.169.254), a link-local or metadata address, which dive follows only "
            );
            assert!(error.to_string().starts_with(&start), "{error}");
        }
        // A registry of this machine under another name, and one with addresses of both kinds.
        for (own, may) in [(&["127.0.1.1", "127.0.0.1"][..], true), (&["127.0.0.1", "192.0.2.1"], false)] {
            let registry = RegistryReach::new("here.example");
            assert_eq!(registry.admit("here.example", addresses(own)).unwrap().len(), 2);
            registry.lead_to(&Url::parse("http://store.example/").unwrap()).unwrap();
            assert_eq!(registry.admit("store.example", addresses(&["127.0.0.1"])).is_ok(), may, "{own:?}");
        }
    }

    /// The owner of a name can change its address between two lookups.
    #[test]
    fn a_registry_that_moves_comes_no_nearer() {
        let registry = RegistryReach::new("reg.example");
        assert!(registry.admit("reg.example", addresses(&["192.0.2.1"])).is_ok());
        let moved = registry.admit("reg.example", addresses(&["127.0.0.1", "192.0.2.2"])).unwrap();
        assert_eq!(moved, addresses(&["192.0.2.2"]));
        assert!(registry.admit("reg.example", addresses(&["127.0.0.1"])).is_err());
        // Away from this machine, and still leading to it.
        let registry = RegistryReach::new("reg.example");
        assert!(registry.admit("reg.example", addresses(&["127.0.0.1"])).is_ok());
        let leads = || registry.lead_to(&Url::parse("http://127.0.0.1/").unwrap()).is_ok();
        assert!(leads());
        assert!(registry.admit("reg.example", addresses(&["192.0.2.1"])).is_ok());
        assert!(!leads());
    }

    #[test]
    fn a_registry_on_this_machine_is_known_without_a_lookup() {
        for here in
            ["localhost", "LOCALHOST.:5000", "a.localhost", "127.0.0.1:5000", "127.1", "0.0.0.0:5000", "[::]:5000"]
        {
            assert!(is_this_machine(here), "{here}");
        }
        for elsewhere in ["quay.io", "10.0.0.1:5000", "localhost.example", "[fe80::1]:5000"] {
            assert!(!is_this_machine(elsewhere), "{elsewhere}");
        }
    }
}
