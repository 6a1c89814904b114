//! Addresses: sets of them, as sorted ranges that do not touch.
//!
//! IPv4 and IPv6 are two separate lines of numbers. A condition's networks are alternatives (a
//! union), conditions are joined (an intersection), a negated one takes its networks out; sets of
//! ranges are closed under all three, so a conjunction is decided exactly and its size is known.
//!
//! The size matters: anyone can call from somewhere on the internet, so an allowance for more than
//! 2^24 public addresses (for IPv6: more than a /32) excludes no one. That is AWS's own line
//! between public and not (S3 user guide, "The meaning of public", 2026-09: networks broader than
//! /8, or /32 for IPv6), applied to the whole set instead of to each network.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::OnceLock;

/// An inclusive range on one of the two lines.
type AddressRange = (u128, u128);

const V4_END: u128 = u32::MAX as u128;

/// IPv4 networks that no caller on the internet has as a source (IANA special-purpose registry:
/// this network, private use, shared, loopback, link-local, protocol assignments, documentation is
/// left in because policies in examples use it, multicast and reserved).
const NOT_PUBLIC: [(u32, u32); 9] = [
    (0x0000_0000, 8),
    (0x0A00_0000, 8),
    (0x6440_0000, 10),
    (0x7F00_0000, 8),
    (0xA9FE_0000, 16),
    (0xAC10_0000, 12),
    (0xC0A8_0000, 16),
    (0xC612_0000, 15),
    (0xE000_0000, 3),
];

/// A set of addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Addresses {
    v4: Vec<AddressRange>,
    v6: Vec<AddressRange>,
}

/// A network in CIDR notation, or a bare address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AddressNetwork {
    v6: bool,
    range: AddressRange,
}

impl AddressNetwork {
    /// Reads `203.0.113.0/24`, `2001:db8::/32` or an address alone.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let (v6, bits, width) = match address.parse::<IpAddr>().ok()? {
            IpAddr::V4(v4) => (false, u128::from(u32::from(v4)), 32),
            IpAddr::V6(v6) => (true, u128::from(v6), 128),
        };
        let length: u32 = match length {
            Some(length) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
                length.parse().ok()?
            }
            Some(_) => return None,
            None => width,
        };
        let free = width.checked_sub(length)?;
        let mask = if free == 128 {
            u128::MAX
        } else {
            (1_u128 << free) - 1
        };
        Some(Self {
            v6,
            range: (bits & !mask, bits | mask),
        })
    }
}

impl Addresses {
    /// Every address.
    pub(super) fn all() -> Self {
        Self {
            v4: vec![(0, V4_END)],
            v6: vec![(0, u128::MAX)],
        }
    }

    /// All addresses of the networks.
    pub(super) fn of(networks: &[AddressNetwork]) -> Self {
        let line = |v6| {
            union(
                networks
                    .iter()
                    .filter(|network| network.v6 == v6)
                    .map(|network| network.range)
                    .collect(),
            )
        };
        Self {
            v4: line(false),
            v6: line(true),
        }
    }

    /// Those that callers on the internet have.
    pub(super) fn public() -> &'static Self {
        static PUBLIC: OnceLock<Addresses> = OnceLock::new();
        PUBLIC.get_or_init(|| Self::not_public().complement())
    }

    fn not_public() -> Self {
        Self {
            v4: union(
                NOT_PUBLIC
                    .iter()
                    .map(|(base, length)| {
                        let base = u128::from(*base);
                        (base, base + (1 << (32 - length)) - 1)
                    })
                    .collect(),
            ),
            // Unspecified, loopback and mapped; unique local; link-local and multicast.
            v6: vec![
                (0, (1 << 64) - 1),
                (0xfc << 120, (0xfe << 120) - 1),
                (0xfe80 << 112, u128::MAX),
            ],
        }
    }

    /// In this set and in the other.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            v4: intersection(&self.v4, &other.v4),
            v6: intersection(&self.v6, &other.v6),
        }
    }

    /// In either.
    pub(super) fn or(&self, other: &Self) -> Self {
        let join =
            |a: &[AddressRange], b: &[AddressRange]| union(a.iter().chain(b).copied().collect());
        Self {
            v4: join(&self.v4, &other.v4),
            v6: join(&self.v6, &other.v6),
        }
    }

    /// Everything else.
    pub(super) fn complement(&self) -> Self {
        Self {
            v4: complement(&self.v4, V4_END),
            v6: complement(&self.v6, u128::MAX),
        }
    }

    /// How many ranges: what one look at it costs.
    pub(super) fn len(&self) -> usize {
        self.v4.len() + self.v6.len()
    }

    /// No address.
    pub(super) fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }

    /// So many public addresses that the set excludes no one.
    pub(super) fn is_broad(&self) -> bool {
        let public = self.and(Self::public());
        let more = |ranges: &[AddressRange], than: u128| {
            let mut size = 0_u128;
            ranges.iter().any(|(first, last)| {
                size = size.saturating_add((last - first).saturating_add(1));
                size > than
            })
        };
        more(&public.v4, 1 << 24) || more(&public.v6, 1 << 96)
    }

    /// True when the address is in the set.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let (line, bits) = match address {
            IpAddr::V4(v4) => (&self.v4, u128::from(u32::from(v4))),
            IpAddr::V6(v6) => (&self.v6, u128::from(v6)),
        };
        line.iter()
            .any(|(first, last)| (*first..=*last).contains(&bits))
    }

    /// One of its addresses; a public one, if it has any.
    pub(super) fn example(&self) -> Option<IpAddr> {
        // From the documentation range first: it reads as what it is.
        let pleasant = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
        if self.contains(pleasant) {
            return Some(pleasant);
        }
        let public = self.and(Self::public());
        public.first().or_else(|| self.first())
    }

    fn first(&self) -> Option<IpAddr> {
        let v4 = self.v4.first().map(|(first, last)| {
            // Not the network's own address, where there is another.
            let bits = if last > first { first + 1 } else { *first };
            IpAddr::V4(Ipv4Addr::from(u32::try_from(bits).unwrap_or_default()))
        });
        v4.or_else(|| {
            self.v6.first().map(|(first, last)| {
                IpAddr::V6(Ipv6Addr::from(if last > first {
                    first + 1
                } else {
                    *first
                }))
            })
        })
    }

    /// The set as networks, at most `limit` of them.
    pub(super) fn networks(&self, limit: usize) -> Vec<String> {
        let mut out = Vec::new();
        for (line, width) in [(&self.v4, 32_u32), (&self.v6, 128)] {
            for (first, last) in line {
                let mut at = *first;
                loop {
                    if out.len() >= limit {
                        return out;
                    }
                    // The largest network that begins here and ends within the range.
                    let mut free = at.trailing_zeros().min(width);
                    while free > 0 && (free == 128 || at + ((1_u128 << free) - 1) > *last) {
                        // The whole IPv6 line is the one range of 128 free bits.
                        if free == 128 && at == 0 && *last == u128::MAX {
                            break;
                        }
                        free -= 1;
                    }
                    let address = if width == 32 {
                        IpAddr::V4(Ipv4Addr::from(u32::try_from(at).unwrap_or_default()))
                    } else {
                        IpAddr::V6(Ipv6Addr::from(at))
                    };
                    out.push(format!("{address}/{}", width - free));
                    let size = if free == 128 {
                        u128::MAX
                    } else {
                        (1_u128 << free) - 1
                    };
                    match at.checked_add(size).and_then(|end| end.checked_add(1)) {
                        Some(next) if next <= *last => at = next,
                        _ => break,
                    }
                }
            }
        }
        out
    }
}

fn union(mut ranges: Vec<AddressRange>) -> Vec<AddressRange> {
    ranges.sort_unstable();
    let mut out: Vec<AddressRange> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match out.last_mut() {
            Some(open) if first <= open.1.saturating_add(1) => open.1 = open.1.max(last),
            _ => out.push((first, last)),
        }
    }
    out
}

fn intersection(left: &[AddressRange], right: &[AddressRange]) -> Vec<AddressRange> {
    let mut out = Vec::new();
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
        let (first, last) = (a.0.max(b.0), a.1.min(b.1));
        if first <= last {
            out.push((first, last));
        }
        if a.1 < b.1 {
            left.next();
        } else {
            right.next();
        }
    }
    out
}

fn complement(ranges: &[AddressRange], end: u128) -> Vec<AddressRange> {
    let mut out = Vec::new();
    let mut next = Some(0);
    for (first, last) in ranges {
        if let Some(next) = next
            && next < *first
        {
            out.push((next, first - 1));
        }
        next = last.checked_add(1);
    }
    if let Some(next) = next
        && next <= end
    {
        out.push((next, end));
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(networks: &[&str]) -> Addresses {
        let networks: Vec<AddressNetwork> = networks
            .iter()
            .map(|text| AddressNetwork::parse(text).unwrap())
            .collect();
        Addresses::of(&networks)
    }

    #[test]
    fn a_bare_address_is_a_network_of_one() {
        assert_eq!(set(&["203.0.113.7"]), set(&["203.0.113.7/32"]));
        assert!(AddressNetwork::parse("203.0.113.0/33").is_none());
        assert!(AddressNetwork::parse("203.0.113").is_none());
        assert!(AddressNetwork::parse("::1/129").is_none());
    }

    #[test]
    fn one_slash_8_is_a_constraint_and_two_are_not() {
        assert!(!set(&["8.0.0.0/8"]).is_broad());
        assert!(set(&["8.0.0.0/8", "9.0.0.0/8"]).is_broad());
        assert!(set(&["8.0.0.0/7"]).is_broad());
        assert!(!set(&["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]).is_broad());
    }

    #[test]
    fn ipv6_broader_than_a_slash_32_is_not_a_constraint() {
        assert!(!set(&["2600::/32"]).is_broad());
        assert!(set(&["2600::/31"]).is_broad());
        assert!(set(&["::/0"]).is_broad());
    }

    #[test]
    fn networks_come_back_as_they_were_written() {
        assert_eq!(set(&["203.0.113.0/24"]).networks(10), ["203.0.113.0/24"]);
        assert_eq!(set(&["0.0.0.0/0"]).networks(10), ["0.0.0.0/0"]);
        assert_eq!(set(&["::/0"]).networks(10), ["::/0"]);
        assert_eq!(
            set(&["192.0.2.0/24", "192.0.3.0/25"]).networks(10),
            ["192.0.2.0/24", "192.0.3.0/25"]
        );
        assert_eq!(
            set(&["0.0.0.0/0"])
                .and(&set(&["0.0.0.0/1"]).complement())
                .networks(10),
            ["128.0.0.0/1"]
        );
    }

    #[test]
    fn the_ends_of_both_lines() {
        assert!(Addresses::all().complement().is_empty());
        assert_eq!(
            set(&["255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"])
                .complement()
                .complement(),
            set(&["255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"])
        );
    }

    proptest! {
        /// Set operations say of every address what logic says of it.
        #[test]
        fn sets_agree_with_logic(
            left in prop::collection::vec((0_u32..64, 26_u32..=32), 0..4),
            right in prop::collection::vec((0_u32..64, 26_u32..=32), 0..4),
        ) {
            let network = |(base, length): &(u32, u32)| AddressNetwork::parse(&format!("{}/{length}", Ipv4Addr::from(*base))).unwrap();
            let a = Addresses::of(&left.iter().map(network).collect::<Vec<_>>());
            let b = Addresses::of(&right.iter().map(network).collect::<Vec<_>>());
            let within = |address: u32, list: &[(u32, u32)]| list.iter().any(|(base, length)| {
                let shift = 32 - length;
                address.checked_shr(shift) == base.checked_shr(shift)
            });
            for bits in 0..80_u32 {
                let address = IpAddr::V4(Ipv4Addr::from(bits));
                let (in_a, in_b) = (within(bits, &left), within(bits, &right));
                prop_assert_eq!(a.contains(address), in_a);
                prop_assert_eq!(a.and(&b).contains(address), in_a && in_b);
                prop_assert_eq!(a.or(&b).contains(address), in_a || in_b);
                prop_assert_eq!(a.complement().contains(address), !in_a);
                let again: Vec<AddressNetwork> = a.networks(1000).iter().map(|text| AddressNetwork::parse(text).unwrap()).collect();
                prop_assert_eq!(Addresses::of(&again), a.clone());
            }
        }
    }
}
