import Foundation
import TestSupport
import Testing

@Suite struct ConvertCommandTests {
  /// Converts there and back, and compares: the same update to what 32-bit floats tell.
  @Test(arguments: ["kohya", "diffusers", "comfy", "onetrainer"])
  func namingsLeadBack(naming: String) throws {
    let folder = try TemporaryFolder()
    let there = try Program.run(
      "convert", "pair/a.safetensors", "--to", naming, "--dtype", "f32", "-o", folder["there"])
    #expect(there.status == 0, "\(there.errors)")
    let back = try Program.run(
      "convert", folder["there"], "--to", "kohya", "--dtype", "f32", "-o", folder["back"])
    #expect(back.status == 0, "\(back.errors)")
    let comparison = try Program.run("diff", folder["back"], "pair/a.safetensors")
    #expect(comparison.status == 0, "\(comparison.output)")
  }

  @Test(arguments: ["peft", "diffusers-attn-procs", "mlx", "loralib"])
  func namingsWithoutTextEncodersSaySo(naming: String) throws {
    let folder = try TemporaryFolder()
    let refused = try Program.run(
      "convert", "pair/a.safetensors", "--to", naming, "-o", folder["there"])
    #expect(refused.status == 1)
    #expect(
      refused.errors
        == "lora: pair/a.safetensors: \(naming) naming cannot hold lora_te_text_model_encoder_layers_0_self_attn_q_proj (a layer that has no name there), lora_te_text_model_encoder_layers_0_self_attn_v_proj (a layer that has no name there); --plain expands what has a product, --skip-unsupported leaves them out\n"
    )
    #expect(try folder.names().isEmpty)

    let partial = try Program.run(
      "convert", "pair/a.safetensors", "--to", naming, "-o", folder["there"], "--dtype", "f32",
      "--skip-unsupported")
    #expect(partial.status == 0)
    _ = try Program.run(
      "convert", folder["there"], "--to", "kohya", "-o", folder["back"])
    let comparison = try Program.run(
      "diff", folder["back"], "pair/a.safetensors", "--json")
    let report = try #require(
      JSONSerialization.jsonObject(with: Data(comparison.output.utf8)) as? [String: Any])
    #expect((report["only_in_a"] as? [String])?.count == 2)
    let modules = try #require(report["modules"] as? [[String: Any]])
    for module in modules where (module["norm_b"] as? Double ?? 0) > 0 {
      let error = try #require(module["norm_difference"] as? Double)
      #expect(error <= 1e-6 * (module["norm_a"] as? Double ?? 0))
    }
  }

  @Test func peftIsAFolderWithItsConfiguration() throws {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      "convert", "pair/a.safetensors", "--to", "peft", "--skip-unsupported", "-o", folder["a"])
    #expect(outcome.status == 0)
    #expect(try folder.names() == ["a"])
    let configuration = try #require(
      JSONSerialization.jsonObject(with: Data(folder.bytes("a/adapter_config.json")))
        as? [String: Any])
    #expect(configuration["r"] as? Int == 4 && configuration["lora_alpha"] as? Int == 4)
    #expect((configuration["target_modules"] as? [String])?.count == 6)
    #expect(try !folder.bytes("a/adapter_model.safetensors").isEmpty)
  }

  @Test func otherAlgorithmsStayWhatTheyAre() throws {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      "convert", "adapters/algorithms.safetensors", "--to", "kohya", "-o", folder["k"],
      "--skip-unsupported")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let text = try Program.run("inspect", folder["k"], "--json").output
    #expect(text.contains(#""algorithm" : "loha""#) && text.contains(#""algorithm" : "lokr""#))
  }

  @Test func plainModulesAreTheSameUpdates() throws {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      "convert", "adapters/algorithms.safetensors", "--to", "kohya", "--plain", "--dtype", "f32",
      "-o", folder["p"], "--skip-unsupported")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let text = try Program.run("inspect", folder["p"], "--json").output
    for product in ["loha", "lokr"] {
      #expect(!text.contains(#""algorithm" : "\#(product)""#))
    }
    // Eight were plain; three LoHa and six LoKr became it.
    #expect(text.components(separatedBy: #""algorithm" : "lora""#).count - 1 == 17)
    let comparison = try Program.run("diff", folder["p"], "adapters/algorithms.safetensors")
    #expect(comparison.status == 0, "\(comparison)")
    #expect(comparison.output.contains("the same update (relative difference"), "\(comparison)")
  }

  /// MLX's factors are matrices, in which a kernel has no place.
  @Test func mlxHoldsNoConvolution() throws {
    let folder = try TemporaryFolder()
    let arguments = [
      "convert", "adapters/algorithms.safetensors", "--to", "mlx", "-o", folder["m"],
    ]
    #expect(try Program.run(arguments).errors.contains("lora_unet_convolution (a convolution)"))
    #expect(try Program.run(arguments + ["--skip-unsupported"]).status == 0)
    #expect(try Program.run("inspect", folder["m"]).status == 0)
  }

  @Test(arguments: [
    (["--to", "webui"], "--to takes kohya, diffusers, "), ([], "Say whose names"),
    (["--to", "cloneofsimo"], "--to takes kohya, diffusers, "),
    (["--to", "kohya", "--rank", "4"], "--rank goes with --base."),
    (["--to", "kohya", "--base", "x"], "--base goes with --plain and --rank."),
  ])
  func wrongUsageIsSaid(arguments: [String], message: String) throws {
    let outcome = try Program.run(["convert", "pair/a.safetensors", "-o", "/dev/null"] + arguments)
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains(message))
  }
}
