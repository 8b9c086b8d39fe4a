// Datasets — folders and captions to the samples of an epoch.
//
//     folder ─ImageFolder─▶ DatasetConfiguration ─BucketRules, CaptionFile─▶ TrainingData
//     TrainingData ─batches(epoch:seed:)─▶ Sample ─▶ Placement ─▶ PreparedSample (pixels, mask)
//                                              └───▶ caption, SizeConditioning, LatentsKey
//
// Headers and captions are read once, at the start; pixels when a sample is prepared. The module knows
// neither options nor configuration files, nor what is trained on its samples.
