//! The edge over real connections on the loopback interface.

#[cfg(test)]
mod bounds;
#[cfg(test)]
mod floods;
#[cfg(test)]
mod idle;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod rig;
#[cfg(test)]
mod stop;
#[cfg(test)]
mod tls;
