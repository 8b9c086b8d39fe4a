// Train — options to an adapter: `lora train`, `lora slider`, `lora sample`.
//
//     argv, TOML ─ArgumentExpansion─▶ TrainingOptions ─▶ TrainingPlan (values: steps, names, groups)
//     plan + batch + Philox ─▶ StepDraws ─▶ network ─▶ Loss ─▶ gradients ─▶ optimiser
//     plan + counters ─▶ TrainingMetadata, SaveSchedule, TrainingState, Progress
//
// `Options/` is what a user may say, `Plan/` what follows from it, `Optimizers/`, `Schedules/`,
// `Loss/` and `Noise/` the arithmetic of a step, `Metadata/` and `State/`
// what is written, `Sampling/` and `Slider/` what is drawn and made of it: values and pure
// functions. `Loop/` and the commands touch files and devices; only `TrainingJob` and
// `SampleCommand` choose a device.
