//! The whole router of a hub with a real store: what the API answers, and what attackers get.

mod agents;
mod cross_site;
mod events;
mod health;
mod house;
mod links;
mod openapi;
mod password;
mod printers;
mod routes;
mod sessions;
mod setup;
mod sign_in;
