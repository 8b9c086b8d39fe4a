// Devices: what this machine can compute on.
//
//     LibrarySearch ─▶ CUDALibraries ─▶ DeviceReport ─▶ text | json
//
// It looks and tells; it does not choose a device, and changes nothing.
