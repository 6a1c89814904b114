//! What all files about functions need: names, and when a call about a function is pointless.

use std::collections::BTreeSet;

use crate::inventory::function::FunctionInventory;
use crate::inventory::need::Guard;

use super::function_access::may_be_half_granted;

/// The version that callers without a qualifier run.
pub const LATEST: &str = "$LATEST";

/// True when the guard says that the call is pointless for this function.
pub fn ruled_out(function: &FunctionInventory, guard: Guard) -> bool {
    let latest = function.versions.get(LATEST);
    let zip = latest.is_some_and(|latest| latest.package_type != "Image");
    match guard {
        Guard::OnlyProvisioned => !function.may_be_provisioned(),
        Guard::OnlyStartedAhead => !function.may_be_provisioned() && !function.uses_snapstart(),
        Guard::OnlyInVpc => !function.in_vpc(),
        Guard::OnlyImages => zip,
        Guard::OnlyZips => !zip,
        Guard::OnlyHalfGrantedUrls => !may_be_half_granted(function),
        _ => false,
    }
}

/// The first seven parts of a function's ARN: without version or alias.
pub fn unqualified(arn: &str) -> String {
    arn.split(':').take(7).collect::<Vec<_>>().join(":")
}

/// What follows the name in a qualified ARN.
pub fn qualifier(arn: &str) -> Option<&str> {
    arn.splitn(8, ':').nth(7).filter(|text| !text.is_empty())
}

/// The functions of a Region that are read, by unqualified ARN: what calls another function is not
/// kept.
pub struct ReadFunctions(BTreeSet<String>);

impl ReadFunctions {
    /// These functions.
    pub fn new<'a>(functions: impl IntoIterator<Item = &'a FunctionInventory>) -> Self {
        let arns = functions.into_iter().map(|function| function.arn.clone());
        Self(arns.collect())
    }

    /// True for the ARN of one of them, qualified or not.
    pub fn has(&self, arn: &str) -> bool {
        self.0.contains(&unqualified(arn))
    }

    /// The ARN of the one of that name.
    pub fn named(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .map(String::as_str)
            .find(|arn| arn.rsplit(':').next() == Some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_with_and_without_a_qualifier() {
        let plain = "arn:aws:lambda:eu-west-1:111122223333:function:f";
        assert_eq!(unqualified(plain), plain);
        assert_eq!(unqualified(&format!("{plain}:$LATEST")), plain);
        assert_eq!(qualifier(plain), None);
        assert_eq!(qualifier(&format!("{plain}:live")), Some("live"));
    }
}
