//! What the listing of functions leaves out: a function's state, and the concurrency reserved for it.

use crate::inventory::Reading;
use crate::inventory::function::{FunctionInventory, FunctionStatus};
use crate::inventory::need::ReadingKind;

use super::answer::ask;
use super::functions::ruled_out;
use super::lane::ServiceFamily;
use super::session::Session;

/// Reads state and reserved concurrency into the function, where a guard does not rule it out.
pub async fn read(session: &Session, region: &str, name: &str, function: &mut FunctionInventory) {
    let wanted = |kind| session.plan.calls(kind, |guard| ruled_out(function, guard));
    let status = if wanted(ReadingKind::FunctionStatus) {
        status(session, region, name).await
    } else {
        Reading::NotCollected
    };
    let reserved = if wanted(ReadingKind::FunctionReservedConcurrency) {
        reserved(session, region, name).await
    } else {
        Reading::NotCollected
    };
    function.status = status;
    function.reserved_concurrency = reserved;
}

async fn status(session: &Session, region: &str, name: &str) -> Reading<FunctionStatus> {
    let client = session.clients.lambda(region);
    ask(
        session,
        (ServiceFamily::Lambda, region),
        ReadingKind::FunctionStatus,
        || {
            let call = client.get_function_configuration();
            call.function_name(name).send()
        },
        |output| {
            output.state().map(|state| FunctionStatus {
                state: state.as_str().to_owned(),
                reason_code: output
                    .state_reason_code()
                    .map(|code| code.as_str().to_owned()),
            })
        },
    )
    .await
}

/// An answer without a number means that none is reserved (Lambda API reference,
/// GetFunctionConcurrency).
async fn reserved(session: &Session, region: &str, name: &str) -> Reading<u32> {
    let client = session.clients.lambda(region);
    ask(
        session,
        (ServiceFamily::Lambda, region),
        ReadingKind::FunctionReservedConcurrency,
        || client.get_function_concurrency().function_name(name).send(),
        |output| u32::try_from(output.reserved_concurrent_executions()?).ok(),
    )
    .await
}
