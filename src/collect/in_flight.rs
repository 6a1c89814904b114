//! How many requests are in flight: few at first, more while no service is flooded.
//!
//! As TCP opens its window: one more for each answer while every place is taken, half as many when
//! a service refuses most requests.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

/// Requests in flight at first, and at least.
const FIRST: usize = 32;

/// The requests in flight.
#[derive(Debug)]
pub struct InFlight {
    free: Semaphore,
    window: Mutex<Window>,
    most: usize,
}

#[derive(Debug)]
struct Window {
    /// Requests that may be in flight.
    open: usize,
    /// Requests in flight beyond that; they were sent before the window closed.
    beyond: usize,
}

impl InFlight {
    /// At most so many.
    pub fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        let open = most.min(FIRST);
        Self {
            free: Semaphore::new(open),
            window: Mutex::new(Window { open, beyond: 0 }),
            most,
        }
    }

    /// Waits until one more may be in flight; it is for as long as what is returned lives.
    pub async fn enter(&self) -> InFlightPermit<'_> {
        InFlightPermit {
            // The semaphore is never closed.
            permit: self.free.acquire().await.ok(),
            of: self,
        }
    }

    /// A request was answered: one more may be in flight where all places are taken.
    pub fn grow(&self) {
        if self.free.available_permits() > 0 {
            return;
        }
        let mut window = self.locked();
        if window.open < self.most {
            window.open += 1;
            if window.beyond > 0 {
                window.beyond -= 1;
            } else {
                self.free.add_permits(1);
            }
        }
    }

    /// A service refuses most requests: half as many may be in flight.
    pub fn shrink(&self) {
        let mut window = self.locked();
        let open = (window.open / 2).max(FIRST.min(self.most));
        let fewer = window.open.saturating_sub(open);
        window.open = open;
        window.beyond += fewer - self.free.forget_permits(fewer);
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request in flight.
#[derive(Debug)]
pub struct InFlightPermit<'a> {
    permit: Option<SemaphorePermit<'a>>,
    of: &'a InFlight,
}

impl Drop for InFlightPermit<'_> {
    fn drop(&mut self) {
        let mut window = self.of.locked();
        if window.beyond > 0
            && let Some(permit) = self.permit.take()
        {
            window.beyond -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    /// Takes every free place.
    fn fill<'a>(in_flight: &'a InFlight, taken: &mut Vec<InFlightPermit<'a>>) {
        while let Some(permit) = in_flight.enter().now_or_never() {
            taken.push(permit);
        }
    }

    #[test]
    fn it_doubles_with_each_round_of_answers_while_all_places_are_taken() {
        let in_flight = InFlight::new(100);
        let mut taken = Vec::new();
        let mut rounds = Vec::new();
        for _ in 0..4 {
            fill(&in_flight, &mut taken);
            rounds.push(taken.len());
            for _ in 0..taken.len() {
                in_flight.grow();
                // What was answered is followed by another at once.
                taken.pop();
                fill(&in_flight, &mut taken);
            }
        }
        assert_eq!(rounds, [32, 64, 100, 100]);
    }

    #[test]
    fn it_does_not_grow_where_places_are_free() {
        let in_flight = InFlight::new(100);
        let mut taken = Vec::new();
        fill(&in_flight, &mut taken);
        taken.pop();
        in_flight.grow();
        fill(&in_flight, &mut taken);
        assert_eq!(taken.len(), 32);
    }

    #[test]
    fn it_halves_when_a_service_is_flooded_and_keeps_the_first_ones() {
        let in_flight = InFlight::new(128);
        let mut taken = Vec::new();
        for _ in 0..128 {
            fill(&in_flight, &mut taken);
            in_flight.grow();
        }
        fill(&in_flight, &mut taken);
        assert_eq!(taken.len(), 128);
        in_flight.shrink();
        taken.truncate(63);
        fill(&in_flight, &mut taken);
        assert_eq!(taken.len(), 64);
        taken.clear();
        for _ in 0..3 {
            in_flight.shrink();
        }
        fill(&in_flight, &mut taken);
        assert_eq!(taken.len(), 32);
    }

    #[test]
    fn the_bound_holds_below_what_it_begins_with() {
        let in_flight = InFlight::new(6);
        let mut taken = Vec::new();
        for _ in 0..20 {
            fill(&in_flight, &mut taken);
            in_flight.grow();
        }
        assert_eq!(taken.len(), 6);
        in_flight.shrink();
        taken.clear();
        fill(&in_flight, &mut taken);
        assert_eq!(taken.len(), 6);
    }
}
