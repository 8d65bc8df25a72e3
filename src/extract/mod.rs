//! Files of any layer, written to a folder of this machine: nothing outside that folder, no device, nothing over what is
//! there unless somebody said so.
