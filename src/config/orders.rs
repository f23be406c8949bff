//! The settings of limits on orders and commands.

use crate::commands::CommandRates;
use crate::domain::rules::order_limits::{OpenOrders, OrderSize};
use clap::Args;

/// Limits on orders and commands.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Limits on orders")]
pub struct OrderLimitArgs {
    /// Orders per minute of one guest. A burst may have as many.
    #[arg(long, env = "ORDERBELL_DINER_ORDERS_PER_MINUTE", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub diner_orders_per_minute: u32,

    /// Orders per minute of the guests of one table. A burst may have as many.
    #[arg(long, env = "ORDERBELL_TABLE_ORDERS_PER_MINUTE", default_value_t = 240, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub table_orders_per_minute: u32,

    /// Orders per minute of all guests of one restaurant. A burst may have as many.
    #[arg(long, env = "ORDERBELL_RESTAURANT_ORDERS_PER_MINUTE", default_value_t = 1200, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub restaurant_orders_per_minute: u32,

    /// Orders per minute of one staff member or one API key. A burst may have as many.
    #[arg(long, env = "ORDERBELL_STAFF_ORDERS_PER_MINUTE", default_value_t = 3000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub staff_orders_per_minute: u32,

    /// Lines per minute of one guest's orders. A burst may have as many.
    #[arg(long, env = "ORDERBELL_DINER_LINES_PER_MINUTE", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub diner_lines_per_minute: u32,

    /// Lines per minute of the orders of one table's guests. A burst may have as many.
    #[arg(long, env = "ORDERBELL_TABLE_LINES_PER_MINUTE", default_value_t = 1200, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub table_lines_per_minute: u32,

    /// Lines per minute of the orders of all guests of one restaurant. A burst may have as many.
    #[arg(long, env = "ORDERBELL_RESTAURANT_LINES_PER_MINUTE", default_value_t = 12_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub restaurant_lines_per_minute: u32,

    /// The most open orders of one guest.
    #[arg(long, env = "ORDERBELL_DINER_OPEN_ORDERS", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub diner_open_orders: u32,

    /// The most open orders of the guests of one table.
    #[arg(long, env = "ORDERBELL_TABLE_OPEN_ORDERS", default_value_t = 400, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub table_open_orders: u32,

    /// The most open orders of all guests of one restaurant.
    #[arg(long, env = "ORDERBELL_RESTAURANT_OPEN_ORDERS", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub restaurant_open_orders: u32,

    /// The most lines of one order.
    #[arg(long, env = "ORDERBELL_ORDER_LINES", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub order_lines: u32,

    /// The most portions of one order of a guest.
    #[arg(long, env = "ORDERBELL_ORDER_PORTIONS", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=9900))]
    pub order_portions: u32,

    /// The most portions of one order of staff or of an API key.
    #[arg(long, env = "ORDERBELL_STAFF_ORDER_PORTIONS", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=9900))]
    pub staff_order_portions: u32,

    /// Commands per second of one guest, orders among them. A burst may have five times as many.
    #[arg(long, env = "ORDERBELL_DINER_COMMANDS_PER_SECOND", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub diner_commands_per_second: u32,

    /// Commands per second of one staff member, one screen or one API key. A burst may have five
    /// times as many.
    #[arg(long, env = "ORDERBELL_STAFF_COMMANDS_PER_SECOND", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub staff_commands_per_second: u32,
}

impl OrderLimitArgs {
    /// Returns the limits on commands.
    #[must_use]
    pub const fn rates(&self) -> CommandRates {
        CommandRates {
            diner_commands: self.diner_commands_per_second,
            staff_commands: self.staff_commands_per_second,
            diner_orders: self.diner_orders_per_minute,
            table_orders: self.table_orders_per_minute,
            restaurant_orders: self.restaurant_orders_per_minute,
            staff_orders: self.staff_orders_per_minute,
            diner_lines: self.diner_lines_per_minute,
            table_lines: self.table_lines_per_minute,
            restaurant_lines: self.restaurant_lines_per_minute,
            open: OpenOrders::limits(self.diner_open_orders, self.table_open_orders, self.restaurant_open_orders),
            size: OrderSize { lines: self.order_lines, portions: self.order_portions, staff_portions: self.staff_order_portions },
        }
    }
}
