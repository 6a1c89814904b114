//! Condition keys that come only together with another one.
//!
//! | the keys | come only where |
//! |---|---|
//! | `aws:CalledVia`, `aws:CalledViaFirst`, `aws:CalledViaLast` | `aws:ViaAWSService` is true: a service calls on behalf of a principal |
//! | `aws:MultiFactorAuthAge` | `aws:MultiFactorAuthPresent` is true: the principal was authenticated using MFA |
//! | `s3:TlsVersion` | `aws:SecureTransport` is true: the client uses TLS |
//!
//! (IAM user guide, "AWS global condition context keys"; S3 user guide, "Amazon S3 condition keys",
//! 2026-09.) A search knows each key on its own. So where a policy looks at keys of both columns, each
//! shape of caller becomes two: one whose requests lack the keys of the first column, and one whose key of
//! the second column is true. Together they have the requests that there are.

use super::value::Domain;
use super::vocabulary::Vocabulary;

/// Keys that come only where another key is true.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Coupling {
    keys: &'static [&'static str],
    only_with: &'static str,
}

const COUPLINGS: [Coupling; 3] = [
    Coupling {
        keys: &["aws:calledvia", "aws:calledviafirst", "aws:calledvialast"],
        only_with: "aws:viaawsservice",
    },
    Coupling {
        keys: &["aws:multifactorauthage"],
        only_with: "aws:multifactorauthpresent",
    },
    Coupling {
        keys: &["s3:tlsversion"],
        only_with: "aws:securetransport",
    },
];

/// One side of a coupling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CoupledSide {
    coupling: &'static Coupling,
    /// The key of the second column is true; otherwise those of the first are absent.
    is_true: bool,
}

/// Every combination of the sides of those couplings whose keys policies look at; one without a side
/// where they look at none.
pub(super) fn combinations(vocabulary: &Vocabulary) -> Vec<Vec<CoupledSide>> {
    let is_used = |name: &str| vocabulary.position(name).is_some();
    let used = COUPLINGS.iter().filter(|coupling| {
        is_used(coupling.only_with) && coupling.keys.iter().any(|name| is_used(name))
    });
    used.fold(vec![Vec::new()], |combinations, coupling| {
        let with = |before: &Vec<CoupledSide>| {
            [false, true].map(|is_true| {
                let mut sides = before.clone();
                sides.push(CoupledSide { coupling, is_true });
                sides
            })
        };
        combinations.iter().flat_map(with).collect()
    })
}

impl CoupledSide {
    /// Whether there are requests on this side of which that is known of a key.
    pub(super) fn agrees_with(self, name: &str, known: &Domain) -> bool {
        if self.is_true {
            name != self.coupling.only_with || known.admits("true")
        } else {
            known.optional || !self.coupling.keys.contains(&name)
        }
    }

    /// What a key has on this side, if that is not what it can have otherwise.
    pub(super) fn domain(self, name: &str, otherwise: &Domain) -> Option<Domain> {
        if !self.is_true {
            let is_absent = self.coupling.keys.contains(&name);
            return is_absent.then(Domain::absent);
        }
        // Who never has the key of the second column true never has one of the first.
        let is_fixed = name == self.coupling.only_with && otherwise.admits("true");
        is_fixed.then(|| Domain::fixed("true"))
    }
}
