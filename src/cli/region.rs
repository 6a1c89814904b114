//! Region names: a typing error, or a Region newer than this program.
//!
//! The list below is for suggestions only. Only a malformed name is rejected, because AWS adds Regions
//! faster than users update their tools; AWS answers whether a well-formed name exists.

/// Known Regions (AWS documentation, "AWS Regions", 2026 copy).
pub const KNOWN: &[&str] = &[
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eusc-de-east-1",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

const DIRECTIONS: &[&str] = &[
    "central",
    "east",
    "north",
    "northeast",
    "northwest",
    "south",
    "southeast",
    "southwest",
    "west",
];

/// True when the name has the form of a Region: an area, a direction, a number (`us-gov-west-1`).
pub fn is_well_formed(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let [area @ .., direction, number] = parts.as_slice() else {
        return false;
    };
    !area.is_empty()
        && area
            .iter()
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase()))
        && DIRECTIONS.contains(direction)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_region_is_well_formed() {
        for name in KNOWN {
            assert!(is_well_formed(name), "{name}");
        }
    }

    #[test]
    fn typing_errors_are_not() {
        for name in [
            "eu-wst-1",
            "eu-west",
            "west-1",
            "EU-west-1",
            "eu-west-1a",
            "",
            "eu--west-1",
            "eu_west_1",
        ] {
            assert!(!is_well_formed(name), "{name}");
        }
    }

    #[test]
    fn a_future_region_is() {
        assert!(is_well_formed("nz-south-12"));
    }
}
