//! Addresses that belong together, as operators write them; it resolves no names.

use std::net::IpAddr;
use std::str::FromStr;

/// The first bits that addresses of a network have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    /// Invariant: no more than an address of this kind has.
    bits: u8,
}

/// Why a text is no network.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} must be an IP address, or a network like 172.16.0.0/12")]
pub struct NotANetwork {
    text: String,
}

impl Network {
    /// Whether an address belongs to it. IPv4 within IPv6 is taken for what it is.
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                u32::from(self.bits) <= differing.leading_zeros()
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                u32::from(self.bits) <= differing.leading_zeros()
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let mistaken = || NotANetwork { text: text.into() };
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| mistaken())?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| mistaken())?,
            None => bits_max,
        };
        if bits <= bits_max {
            Ok(Self { address, bits })
        } else {
            Err(mistaken())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(network: &str, address: &str) -> bool {
        let network: Network = network.parse().expect("a network");
        network.holds(address.parse().expect("an address"))
    }

    #[test]
    fn a_network_holds_what_begins_as_it_does() {
        assert!(holds("172.16.0.0/12", "172.31.255.255"));
        assert!(!holds("172.16.0.0/12", "172.32.0.0"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fe80::1"));
        assert!(holds("0.0.0.0/0", "203.0.113.7") && !holds("0.0.0.0/0", "::1"));
    }

    #[test]
    fn an_address_alone_is_a_network_of_one_in_whatever_form_it_comes() {
        assert!(holds("10.0.0.5", "10.0.0.5") && !holds("10.0.0.5", "10.0.0.4"));
        assert!(holds("10.0.0.5", "::ffff:10.0.0.5"));
    }

    #[test]
    fn what_is_no_network_is_refused_with_what_would_be_one() {
        for bad in [
            "",
            "proxy",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0/8",
            "::/129",
            "10.0.0.0/",
        ] {
            let error = bad.parse::<Network>().expect_err(bad);
            assert!(error.to_string().contains("172.16.0.0/12"), "{error}");
        }
    }
}
