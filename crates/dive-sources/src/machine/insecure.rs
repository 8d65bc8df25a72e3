//! Hosts that the user has exempted from the verification of certificates, by name or by network.

use std::net::IpAddr;

/// Hosts whose certificate is not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InsecureHosts {
    /// `HOST[:PORT]`.
    Host(String),
    /// Addresses with the first `bits` of `network`.
    Network { network: IpAddr, bits: u8 },
}

impl InsecureHosts {
    /// Parses `HOST[:PORT]` or `ADDRESS/BITS`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some((network, bits)) = text.split_once('/') {
            let (network, bits) = (network.parse::<IpAddr>().ok()?, bits.parse::<u8>().ok()?);
            let longest = if network.is_ipv4() { 32 } else { 128 };
            return (bits <= longest).then_some(Self::Network { network, bits });
        }
        crate::access::host(text).ok().map(Self::Host)
    }

    /// A host name is not looked up, so networks apply to addresses only.
    pub(super) fn contain(&self, host: &str) -> bool {
        match self {
            Self::Host(known) => known.eq_ignore_ascii_case(host),
            Self::Network { network, bits } => {
                let name = without_port(host);
                let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
                address.is_ok_and(|address| shares_bits(*network, address, *bits))
            }
        }
    }
}

/// The host of `HOST[:PORT]`; an IPv6 address is in brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

fn shares_bits(network: IpAddr, address: IpAddr, bits: u8) -> bool {
    let (network, address, width) = match (network, address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32_u32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let ignored = width.saturating_sub(u32::from(bits));
    (network ^ address).checked_shr(ignored).unwrap_or(0) == 0
}
