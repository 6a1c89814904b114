//! Block Public Access, of a bucket and of an account.

use crate::remedy::prelude::*;

pub(super) const BUCKET: ChangeFamily =
    ChangeFamily::new(SubjectKind::Bucket, &[BLOCK_BUCKET], plan_bucket);

pub(super) const ACCOUNT: ChangeFamily =
    ChangeFamily::new(SubjectKind::Account, &[BLOCK_ACCOUNT], plan_account);

const BLOCK_BUCKET: NamedChange = NamedChange {
    name: "block-public-access",
    summary: "Turn on all four Block Public Access settings of {bucket.name}.",
    effect: "No public policy or ACL grants access to anyone outside the account, now or later.",
    risk: Level::Low,
    risk_note: "",
    decide: "Is the bucket public on purpose (a website, a public data set, a partner)? Serve what must stay public through CloudFront with an origin access control first.",
    make: |target| block_bucket(target, false),
};

const BLOCK_ACCOUNT: NamedChange = NamedChange {
    name: "block-public-access-of-account",
    summary: "Turn on all four Block Public Access settings of the account, after moving what must stay public (a website, a public data set) behind CloudFront or into an account of its own.",
    effect: "No bucket of the account, present or future, is public, whatever its policy or ACL says.",
    risk: Level::Low,
    risk_note: "",
    decide: "Which buckets are public on purpose? Move what must stay public behind CloudFront or into an account of its own first.",
    make: block_account,
};

/// How many buckets a sentence names.
const NAMED: usize = 5;

fn plan_bucket(
    context: &FixContext<'_, '_>,
    requests: &mut Requests<'_>,
    drafts: &mut Vec<FixDraft>,
) {
    let Some(bucket) = &context.bucket else {
        return;
    };
    let taken = requests.take(&BLOCK_BUCKET);
    if taken.is_empty() {
        return;
    }
    let block = bucket.settings.public_access_block.known();
    let mut draft = context.draft_of(
        format!("Turn on Block Public Access of {}.", bucket.name()),
        block_bucket(context.target, matches!(block, Some(Some(_)))),
    );
    draft.apply(&BLOCK_BUCKET, &taken);
    let uses = bucket.public_use();
    if uses.is_empty() {
        draft.risk(Level::Low, "Nothing is public now.");
    } else {
        draft.risk(
            Level::High,
            "Requests without credentials of this account are denied.",
        );
    }
    uses.into_iter().for_each(|loss| draft.decide(loss));
    drafts.push(draft);
}

fn plan_account(
    context: &FixContext<'_, '_>,
    requests: &mut Requests<'_>,
    drafts: &mut Vec<FixDraft>,
) {
    let taken = requests.take(&BLOCK_ACCOUNT);
    if taken.is_empty() {
        return;
    }
    // Where the organization sets it, S3 answers 403 to the account's own call (S3 user guide, 2025-11).
    if let Some(policy) = context.organization_s3_policy() {
        let mut draft = context.draft(format!(
            "Turn on account-level Block Public Access in S3 policy {policy} of the organization."
        ));
        draft.apply(&BLOCK_ACCOUNT, &taken);
        draft.decide(format!(
            "S3 policy {policy} of the organization manages account-level Block Public Access, and S3 refuses PutPublicAccessBlock in the account: set public_access_block_configuration to \"all\" in the policy, or detach it."
        ));
        drafts.push(draft);
        return;
    }
    let mut draft = context.draft_of(
        "Turn on Block Public Access for the whole account.",
        block_account(context.target),
    );
    draft.apply(&BLOCK_ACCOUNT, &taken);
    let open: Vec<&str> = context
        .buckets
        .all()
        .iter()
        .filter(|bucket| bucket.subject.id.account == context.subject.id.account)
        .filter(|bucket| {
            let own = bucket.facts.public_access_block.all.known() == Some(&true);
            !own && !bucket.public_use().is_empty()
                || bucket.facts.website.enabled.known() == Some(&true)
                || bucket.is_public() == Some(true)
        })
        .map(|bucket| bucket.name())
        .collect();
    if open.is_empty() {
        draft.risk(Level::Low, "No bucket that was read is public.");
    } else {
        let named: Vec<&str> = open.iter().take(NAMED).copied().collect();
        let mut names = named.join(", ");
        if open.len() > NAMED {
            names.push_str(&format!(" and {} more", open.len() - NAMED));
        }
        draft.risk(
            Level::High,
            "Websites, public downloads and partners named next to a public statement stop working.",
        );
        draft.decide(format!(
            "{names}: public, or it is not known. Move what must stay public behind CloudFront or into an account of its own first."
        ));
    }
    drafts.push(draft);
}

const SHELL_FLAGS: &str =
    "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true";
const HCL_FLAGS: &str = "  block_public_acls       = true\n  ignore_public_acls      = true\n  block_public_policy     = true\n  restrict_public_buckets = true\n";

fn block_bucket(target: &ChangeTarget, was_set: bool) -> RenderedChange {
    RenderedChange::shell(format!(
        "aws s3api put-public-access-block --bucket {}{} --public-access-block-configuration \\\n  {SHELL_FLAGS}\n",
        target.word(),
        target.region_option()
    ))
    .terraform_bucket(
        "aws_s3_bucket_public_access_block",
        target,
        was_set,
        HCL_FLAGS,
    )
    .bucket_properties(
        target,
        json!({"PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true, "IgnorePublicAcls": true,
            "BlockPublicPolicy": true, "RestrictPublicBuckets": true,
        }}),
    )
}

fn block_account(target: &ChangeTarget) -> RenderedChange {
    RenderedChange::shell(format!(
        "aws s3control put-public-access-block --account-id {} --public-access-block-configuration \\\n  {SHELL_FLAGS}\n",
        target.word()
    ))
    .terraform_resource(
        "aws_s3_account_public_access_block",
        target,
        true,
        &format!("  account_id = {}\n{HCL_FLAGS}", hcl(&target.name)),
    )
    .stack_note("CloudFormation has no resource for the account's setting: use an S3 policy of the organization, or the AWS CLI.")
}
