//! Policies as they read for requests through one access point.

use coldbucket_policy::Policy;
use coldbucket_policy::document::{Condition, Element, Operator, TextMatch, Version};
use coldbucket_policy::pattern::Pattern;

/// An access point, as requests through it know it.
pub(super) struct Door<'a> {
    pub(super) arn: &'a str,
    /// Its account.
    pub(super) account: &'a str,
    /// Its Region; empty for a Multi-Region access point, whose ARN has none.
    pub(super) region: &'a str,
    /// The name in its ARN.
    pub(super) name: &'a str,
    /// From where it can be used: `Internet` or `VPC`.
    pub(super) origin: &'static str,
    pub(super) partition: &'static str,
}

impl Door<'_> {
    /// A policy of the access point with the resources of a bucket of its name.
    ///
    /// # Errors
    /// A resource that cannot be named so.
    pub(super) fn named_as_bucket(&self, policy: &Policy) -> Result<Policy, String> {
        let mut policy = policy.clone();
        for statement in &mut policy.statements {
            if let Some(element) = &statement.resource {
                statement.resource = Some(self.resources(element, policy.version)?);
            }
        }
        // A statement about other access points only.
        policy.statements.retain(|statement| {
            statement
                .resource
                .as_ref()
                .is_none_or(|element| element.negated || !element.items.is_empty())
        });
        Ok(policy)
    }

    /// A policy of the bucket, or of the access point with such resources, for requests that come through
    /// the access point.
    ///
    /// # Errors
    /// A condition on the access point that cannot be decided.
    pub(super) fn bucket_policy(&self, policy: &Policy) -> Result<Policy, String> {
        let mut bound = policy.clone();
        let mut never = Vec::new();
        for statement in &mut bound.statements {
            let mut open = Vec::new();
            for condition in std::mem::take(&mut statement.conditions) {
                match self.value_of(&condition.key) {
                    None => open.push(condition),
                    Some(value) => {
                        if !holds(&condition, value)? {
                            never.push(statement.index);
                        }
                    }
                }
            }
            statement.conditions = open;
        }
        bound
            .statements
            .retain(|statement| !never.contains(&statement.index));
        Ok(bound)
    }

    /// What every request through the access point holds under a condition key.
    fn value_of(&self, key: &str) -> Option<&str> {
        match key {
            "s3:dataaccesspointarn" => Some(self.arn),
            "s3:dataaccesspointaccount" => Some(self.account),
            "s3:accesspointnetworkorigin" => Some(self.origin),
            _ => None,
        }
    }

    fn resources(
        &self,
        element: &Element<Pattern>,
        version: Version,
    ) -> Result<Element<Pattern>, String> {
        let mut items = Vec::new();
        for item in &element.items {
            if let Some(text) = self.resource(&item.text)? {
                items.push(Pattern::new(&text, version));
            }
        }
        Ok(Element {
            negated: element.negated,
            items,
        })
    }

    /// A resource of the access point as one of the bucket; `None` for those of others.
    fn resource(&self, text: &str) -> Result<Option<String>, String> {
        let bucket = |rest: &str| {
            let (partition, name) = (self.partition, self.name);
            Ok(Some(format!("arn:{partition}:s3:::{name}{rest}")))
        };
        if text == "*" {
            return Ok(Some("*".to_owned()));
        }
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [arn, partition, service, region, account, path] = parts.as_slice() else {
            return Err(unclear(text));
        };
        let fits = |pattern: &str, text: &str| matches(pattern, text);
        let ours = fits(arn, "arn")
            && fits(partition, self.partition)
            && fits(service, "s3")
            && fits(region, self.region)
            && fits(account, self.account);
        if !ours {
            return Ok(None);
        }
        let own = format!("accesspoint/{}", self.name);
        match path.strip_prefix(&own) {
            Some("") => return bucket(""),
            Some("*") => return bucket("*"),
            Some("/*") => return bucket("/*"),
            Some(rest) if rest.starts_with("/object/") => {
                return bucket(rest.trim_start_matches("/object"));
            }
            _ => {}
        }
        match *path {
            "*" | "accesspoint/*" => bucket("*"),
            "accesspoint/*/object/*" => bucket("/*"),
            other if may_be(other, &format!("{own}/object/")) => Err(unclear(text)),
            _ => Ok(None),
        }
    }
}

/// True for a pattern whose beginning, up to its first wildcard, does not rule the text out.
fn may_be(pattern: &str, text: &str) -> bool {
    let Some(end) = pattern.find(['*', '?', '$']) else {
        return false;
    };
    let literal = pattern.get(..end).unwrap_or_default();
    text.starts_with(literal) || literal.starts_with(text)
}

fn unclear(text: &str) -> String {
    format!("it is not clear which access points the resource {text} stands for")
}

/// A part of an ARN against a pattern without variables.
fn matches(pattern: &str, text: &str) -> bool {
    wildmatch::WildMatch::new(pattern).matches(text)
}

/// Whether a condition holds where its key has this one value.
fn holds(condition: &Condition, value: &str) -> Result<bool, String> {
    if condition.values.iter().any(|value| value.contains("${")) {
        return Err(format!("a policy variable stands under {}", condition.key));
    }
    let some = |test: &dyn Fn(&str) -> bool| condition.values.iter().any(|value| test(value));
    let matched = match condition.operator {
        Operator::Text { how, .. } => some(&|wanted| match how {
            TextMatch::Exact => wanted == value,
            TextMatch::IgnoreCase => wanted.eq_ignore_ascii_case(value),
            TextMatch::Like => matches(wanted, value),
        }),
        // Part by part: a star does not reach over a colon, but in the last part.
        Operator::Arn { .. } => some(&|wanted| {
            let (wanted, value): (Vec<&str>, Vec<&str>) = (
                wanted.splitn(6, ':').collect(),
                value.splitn(6, ':').collect(),
            );
            wanted.len() == value.len()
                && wanted
                    .iter()
                    .zip(&value)
                    .all(|(wanted, value)| matches(wanted, value))
        }),
        Operator::Null => some(&|wanted| wanted.eq_ignore_ascii_case("false")),
        _ => return Err(format!("{} is compared in an unusual way", condition.key)),
    };
    Ok(matched != condition.operator.is_negated())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOOR: Door<'_> = Door {
        arn: "arn:aws:s3:eu-west-1:111111111111:accesspoint/reports",
        account: "111111111111",
        region: "eu-west-1",
        name: "reports",
        origin: "Internet",
        partition: "aws",
    };

    fn resource(text: &str) -> Option<String> {
        DOOR.resource(text).unwrap()
    }

    #[test]
    fn resources_of_the_access_point_become_those_of_a_bucket() {
        let own = "arn:aws:s3:eu-west-1:111111111111:accesspoint/reports";
        assert_eq!(resource(own).as_deref(), Some("arn:aws:s3:::reports"));
        assert_eq!(
            resource(&format!("{own}/object/a/*")).as_deref(),
            Some("arn:aws:s3:::reports/a/*")
        );
        assert_eq!(
            resource("arn:aws:s3:*:*:accesspoint/*").as_deref(),
            Some("arn:aws:s3:::reports*")
        );
        assert_eq!(resource("*").as_deref(), Some("*"));
    }

    #[test]
    fn resources_of_others_are_left_out_and_unclear_ones_are_said() {
        assert_eq!(
            resource("arn:aws:s3:eu-west-1:111111111111:accesspoint/other/object/*"),
            None
        );
        assert_eq!(
            resource("arn:aws:s3:us-east-1:111111111111:accesspoint/reports"),
            None
        );
        assert_eq!(resource("arn:aws:s3:::reports/*"), None);
        assert!(
            DOOR.resource("arn:aws:s3:eu-west-1:111111111111:accesspoint/rep*")
                .is_err()
        );
    }
}
