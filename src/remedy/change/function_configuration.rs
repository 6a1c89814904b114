//! The configuration of a function.
//!
//! `$LATEST` can be configured; a published version cannot. What is wrong with a version in use is
//! fixed by publishing a new one and moving the alias, and whether the code of `$LATEST` is ready for
//! that is not in the configuration: a person decides.

use crate::facts::function::LATEST;
use crate::remedy::prelude::*;

pub(super) const FAMILY: ChangeFamily = ChangeFamily::new(
    SubjectKind::Function,
    &[RAISE_TIMEOUT, SNAPSTART, DETACH_VPC],
    plan,
);

const RAISE_TIMEOUT: NamedChange = NamedChange {
    name: "raise-timeout",
    summary: "Raise the timeout of {function.name} well above its init, or load less at init.",
    effect: "A cold start no longer uses up the timeout before the handler runs.",
    risk: Level::Low,
    risk_note: "A handler that hangs is billed for longer; a caller with a shorter timeout still gives up.",
    decide: "",
    make: |target| timeout(target, TIMEOUT_S),
};

const SNAPSTART: NamedChange = NamedChange {
    name: "enable-snapstart",
    summary: "Enable SnapStart on {function.name}, publish a version, and let callers use an alias that points to it.",
    effect: "The published version starts from a snapshot; callers benefit once they use it, best through an alias.",
    risk: Level::Medium,
    risk_note: "All environments share what init creates: random seeds, connections and cached credentials must be created again after the restore.",
    decide: "",
    make: snapstart,
};

const DETACH_VPC: NamedChange = NamedChange {
    name: "detach-vpc",
    summary: "If {function.name} reaches nothing private, detach it from the VPC; if it does, keep it, in subnets of at least two zones.",
    effect: "The function runs outside the VPC: its environments need no network interface there.",
    risk: Level::High,
    risk_note: "Calls of the function to anything in the VPC fail.",
    decide: "Does the function reach anything in the VPC? If so it has to stay there.",
    make: detach_vpc,
};

/// Seconds, where the check does not say (`timeout_s`): enough for the ten that init may take, with
/// room for the call.
const TIMEOUT_S: u64 = 15;

fn plan(context: &FixContext<'_, '_>, requests: &mut Requests<'_>, drafts: &mut Vec<FixDraft>) {
    let (name, target) = (context.name(), context.target);
    // A published version has no commands.
    let of_latest = |request: &FixRequest, what: String, change: RenderedChange| match request
        .item()
    {
        "" | LATEST => context.draft_of(what, change),
        version => {
            let mut draft = context.draft(what);
            draft.decide(format!(
                    "Version {version} is published and cannot be changed: configure $LATEST, publish it and move the alias, once you know that the code in $LATEST of {name} may go live."
                ));
            draft
        }
    };
    requests.each(&SNAPSTART, drafts, |request| {
        let what = format!("Enable SnapStart on {name} and publish a version.");
        let mut draft = of_latest(request, what, snapstart(target));
        draft.effort = Effort::Hours;
        Some(draft)
    });
    requests.each(&RAISE_TIMEOUT, drafts, |request| {
        let seconds = request.number("timeout_s").unwrap_or(TIMEOUT_S);
        let what = format!("Raise the timeout of {name} to {seconds} s.");
        Some(of_latest(request, what, timeout(target, seconds)))
    });
    context.make_all(&DETACH_VPC, "Detach {} from its VPC.", requests, drafts);
}

const CONFIGURE_FUNCTION: &str = r#"# configure_function NAME OPTION VALUE [--region R]: sets one thing and waits until it holds.
configure_function() {
  name=$1 option=$2 value=$3
  shift 3
  aws lambda update-function-configuration --function-name "$name" "$@" "$option" "$value" >/dev/null
  aws lambda wait function-updated-v2 --function-name "$name" "$@"
}
"#;

fn configure(target: &ChangeTarget, option: &str, hcl: &str, stack: &str) -> RenderedChange {
    let name = &target.name;
    RenderedChange::calling(
        CONFIGURE_FUNCTION,
        format!(
            "configure_function {} {option}{}\n",
            target.word(),
            target.region_option()
        ),
    )
    .terraform_note(format!("In the aws_lambda_function of {name}:\n{hcl}"))
    .stack_note(format!("In the AWS::Lambda::Function {name}:\n{stack}"))
}

fn timeout(target: &ChangeTarget, seconds: u64) -> RenderedChange {
    configure(
        target,
        &format!("--timeout {seconds}"),
        &format!("timeout = {seconds}"),
        &format!("Timeout: {seconds}"),
    )
}

fn snapstart(target: &ChangeTarget) -> RenderedChange {
    let mut change = configure(
        target,
        "--snap-start ApplyOn=PublishedVersions",
        "snap_start {\n  apply_on = \"PublishedVersions\"\n}\npublish = true",
        "SnapStart:\n  ApplyOn: PublishedVersions",
    );
    change.shell.push_str(&format!(
        "aws lambda publish-version --function-name {}{} >/dev/null\n",
        target.word(),
        target.region_option()
    ));
    change
}

fn detach_vpc(target: &ChangeTarget) -> RenderedChange {
    configure(
        target,
        "--vpc-config 'SubnetIds=[],SecurityGroupIds=[]'",
        "Remove the vpc_config block.",
        "Remove VpcConfig.",
    )
}
