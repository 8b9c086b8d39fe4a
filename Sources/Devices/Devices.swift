// Devices: the devices that this machine can compute on.
//
//     LibrarySearch ─▶ CUDALibraries ─▶ DeviceReport ─▶ text | json
//
// It only reports: it does not choose a device, and changes nothing.
