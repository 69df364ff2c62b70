//! gastrolog-plan.
