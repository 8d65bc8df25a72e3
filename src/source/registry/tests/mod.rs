//! Registries with faults, as this process plays them.
