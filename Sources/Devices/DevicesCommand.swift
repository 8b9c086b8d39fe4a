package import ArgumentParser
import CommandSupport
import ComputeCUDA

package struct DevicesCommand: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "devices",
    abstract: "Show this machine's processors, its GPUs, and which of CUDA's libraries it has.",
    discussion: paragraphs(
      """
      Looks for NVIDIA's driver and its libraries (NVRTC, cuBLASLt, cuDNN; CUDA 12
      or 13) in the system's search path, in LORA_CUDA_PATH (folders separated by
      colons), in the folders of toolkits, of distributions and of WSL 2, and in
      Python environments: VIRTUAL_ENV, CONDA_PREFIX, the user's and the system's
      packages, those of pipx and uv. A missing library is no error: a line says
      how to get it. train, slider and sample take the device to compute on as
      --device.

        lora devices
        lora devices --json | jq '.devices[].memory'
        LORA_CUDA_PATH=~/venv lora devices

      Python environments are found through PATH as well. Of a GPU that computes
      wrongly or not at all, these variables of train, slider and sample find the
      fault:

      \(switches)
      """))

  private static let switches = DeviceSwitches.Switch.allCases.map { entry in
    "  \(entry.rawValue)=\(entry.value)  \(entry.effect)"
  }.joined(separator: "\n")

  @OptionGroup var common: CommonOptions

  package init() {}

  package func run() throws {
    let report = DeviceReport(
      CUDALibraries(.ofProcess), processors: common.threadCount)
    try Terminal.show(common.json ? json(report) : report.text(width: Terminal.outputWidth))
  }
}
