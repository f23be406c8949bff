//! Futures of an actor, each in a task of its own. An actor would poll all its spawned futures whenever one of them wakes it,
//! so a thousand slow readers would delay each event.

use super::room::Room;
use actix::prelude::*;
use std::future::Future;

type Next<A> = Box<dyn FnOnce(&mut A, &mut <A as Actor>::Context) + Send>;

/// What an actor does when a future has ended.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Continue<A: Actor>(Next<A>);

impl Handler<Continue<Self>> for Room {
    type Result = ();
    fn handle(&mut self, Continue(next): Continue<Self>, ctx: &mut Context<Self>) {
        next(self, ctx);
    }
}

/// Runs a future, and then `next` in the actor, behind the messages that are queued by then. If the
/// actor has ended, `next` is dropped.
pub(super) fn run<A, T>(
    future: impl Future<Output = T> + 'static,
    ctx: &Context<A>,
    next: impl FnOnce(T, &mut A, &mut Context<A>) + Send + 'static,
) where
    A: Actor<Context = Context<A>> + Handler<Continue<A>>,
    T: Send + 'static,
{
    let actor = ctx.address().downgrade();
    actix_rt::spawn(async move {
        let value = future.await;
        if let Some(actor) = actor.upgrade() {
            // Bound: one message for each future.
            actor.do_send(Continue(Box::new(move |actor, ctx| next(value, actor, ctx))));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::rc::Rc;
    use std::task::Poll;
    use tokio::sync::oneshot;

    /// Counts the readers that have answered.
    struct Counter(usize);

    impl Actor for Counter {
        type Context = Context<Self>;
    }

    impl Handler<Continue<Self>> for Counter {
        type Result = ();
        fn handle(&mut self, Continue(next): Continue<Self>, ctx: &mut Context<Self>) {
            next(self, ctx);
        }
    }

    #[derive(Message)]
    #[rtype(result = "usize")]
    struct Count;

    impl Handler<Count> for Counter {
        type Result = usize;
        fn handle(&mut self, _: Count, _: &mut Context<Self>) -> usize {
            self.0
        }
    }

    #[actix::test]
    async fn a_slow_reader_costs_other_messages_nothing() {
        let polls = Rc::new(Cell::new(0));
        let (answer, answered) = oneshot::channel();
        let counted = polls.clone();
        let counter = Counter::create(move |ctx| {
            let mut answered = Box::pin(answered);
            let reader = poll_fn(move |cx| {
                counted.set(counted.get() + 1);
                answered.as_mut().poll(cx).map(drop)
            });
            run(reader, ctx, |(), counter: &mut Counter, _| counter.0 += 1);
            Counter(0)
        });
        for _ in 0..10 {
            assert_eq!(counter.send(Count).await, Ok(0));
        }
        assert_eq!(polls.get(), 1);
        answer.send(()).unwrap();
        let is_counted = poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if polls.get() == 2 { Poll::Ready(()) } else { Poll::Pending }
        });
        is_counted.await;
        assert_eq!(counter.send(Count).await, Ok(1));
    }
}
