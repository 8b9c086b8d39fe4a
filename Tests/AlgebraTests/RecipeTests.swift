import Foundation
import TestSupport
import Testing

@testable import Resize

/// Recipes of resize_lora: their language, and what they keep, judged by numpy (`resize/make.py`).
@Suite struct RecipeTests {
  private static let adapter = "resize/adapter.safetensors"
  private static let base = "resize/base.safetensors"

  @Test func weightsSumToOne() throws {
    let recipes = try Recipe.list("fro_ckpt = 3, spn_lora,thr=-3.5:params,size=8,rescale=0.5")
    #expect(recipes.map(\.text) == ["fro_ckpt=3,spn_lora,thr=-3.5", "params,size=8,rescale=0.5"])
    #expect(recipes[0].weights == [.frobeniusOfBase: 0.75, .spectral: 0.25])
    #expect(recipes[0].selection == .threshold(-3.5) && recipes[0].rescale == 1)
    #expect(recipes[1].selection == .size(mebibytes: 8) && recipes[1].rescale == 0.5)
    #expect(recipes.map(\.needsBase) == [true, false])
    #expect(
      recipes.map(\.fileNamePart) == ["frockpt0.75_spnlora0.25_th-3.5", "params1_scale0.5_size8"])
  }

  static let refused: [(text: String, character: Int, detail: String)] = [
    ("", 1, "nothing instead of one of"), ("fro_ckpt=1", 1, "neither thr nor size"),
    ("thr=-1", 1, "no reference"), ("fro_ckpt=1,thr=x", 12, "thr takes a finite number, not 'x'"),
    ("fro_ckpt=1,thr", 12, "thr takes a finite number, not ''"),
    ("fro_ckpt=1,thr=-1,size=3", 19, "a second thr or size"),
    ("fro_ckpt=1,fro_ckpt=2,thr=1", 12, "fro_ckpt a second time"),
    ("fro_ckpt,thr=-1:", 17, "nothing instead of"), ("fro_chkpt,thr=-1", 1, "'fro_chkpt'"),
    ("spn_lora=1,spn_ckpt=-1,thr=-1", 1, "no reference"), ("params=,thr=1", 1, "params takes"),
    ("params=nan,thr=1", 1, "params takes"), ("params,size=0", 8, "a number above 0"),
    ("params,size=inf", 8, "a number above 0"), ("params,thr=1,rescale=-1", 14, "above 0"),
    ("params,thr=1,rescale=2,rescale=2", 24, "rescale a second time"),
    ("spn_lora,thr=-1:spn_lora,thr=--1", 26, "thr takes"), ("params,,thr=1", 8, "nothing"),
  ]

  @Test(arguments: refused)
  func nonsenseIsRefused(text: String, character: Int, detail: String) {
    let error = #expect(throws: RecipeError.self) { try Recipe.list(text) }
    #expect(error?.character == character, "\(text): \(error?.description ?? "")")
    #expect(error?.detail.contains(detail) == true, "\(error?.description ?? "")")
  }

  /// All recipes in one run: ranks, both errors, and the update that is written.
  @Test func directionsAreThoseOfAnIndependentComputation() throws {
    let url = URL(filePath: Fixtures.path("resize/recipes.json"))
    let cases = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [[String: Any]])
    let folder = try TemporaryFolder()
    let recipes = cases.compactMap { $0["recipe"] as? String }
    let outcome = try Program.run(
      "resize", Self.adapter, "--base", Self.base, "--recipe", recipes.joined(separator: ":"),
      "--modules", "--json", "-o", folder["out/"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let reports = try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[String: Any]])
    #expect(reports.count == cases.count)
    let source = try AdapterFile(
      bytes: [UInt8](Data(contentsOf: URL(filePath: Fixtures.path(Self.adapter)))))
    for (wanted, report) in zip(cases, reports) {
      let recipe = wanted["recipe"] as? String ?? ""
      #expect(report["recipe"] as? String == recipe)
      let path = try #require(report["path"] as? String)
      let result = try AdapterFile(bytes: [UInt8](Data(contentsOf: URL(filePath: path))))
      let modules = try #require(report["per_module"] as? [[String: Any]])
      let layers = try #require(wanted["layers"] as? [String: [String: Any]])
      let rescale = try #require(wanted["rescale"] as? Double)
      if let threshold = wanted["threshold"] as? Double {
        #expect(abs((report["threshold"] as? Double ?? 0) - threshold) < 1e-4, "\(recipe)")
      }
      for (name, layer) in layers {
        let kept = try #require(layer["kept"] as? [Int])
        #expect(result.ranks[name] ?? 0 == kept.count, "\(recipe): \(name)")
        let module = try #require(modules.first { $0["name"] as? String == name })
        #expect(module["rank"] as? Int == kept.count)
        for key in ["relative_error", "error_of_base"] {
          let (got, expected) = (module[key] as? Double ?? -1, layer[key] as? Double ?? 0)
          #expect(abs(got - expected) < 1e-5 + 1e-4 * expected, "\(recipe): \(name) \(key)")
        }
        guard let update = result.updates[name], let asked = source.updates[name] else { continue }
        let error = (update - asked.scaled(by: rescale)).norm / (rescale * asked.norm)
        #expect(abs(error - (layer["relative_error"] as? Double ?? -1)) < 1e-5)
        let (alpha, before) = (
          result.values(name + ".alpha")?[0] ?? 0, source.values(name + ".alpha")?[0] ?? 0
        )
        let scale = before / Double(source.ranks[name] ?? 1)
        #expect(abs(alpha / Double(kept.count) - scale) < 1e-6 * scale)
      }
    }
  }

  @Test func baseModelThatIsAnothersIsRefused() throws {
    let folder = try TemporaryFolder()
    let recipe = ["--recipe", "fro_ckpt,thr=-1", "-o", folder["o.st"]]
    let missing = try Program.run(
      ["resize", "pair/a.safetensors", "--base", Self.base] + recipe)
    #expect(missing.status == 1 && missing.errors.contains(Self.base), "\(missing.errors)")
    let none = try Program.run(["resize", Self.adapter] + recipe)
    #expect(none.status == 64 && none.errors.contains("give --base"), "\(none.errors)")
    #expect(try folder.names().isEmpty)
  }

  /// Nothing is written where nothing is kept.
  @Test func recipeThatKeepsNothingIsRefused() throws {
    let folder = try TemporaryFolder()
    let outcome = try Program.run(
      "resize", Self.adapter, "--recipe", "spn_lora,thr=1", "-o", folder["o.st"])
    #expect(outcome.status == 1 && outcome.errors.contains("would hold no module"))
    #expect(try folder.names().isEmpty)
  }

  /// A budget beside a base model keeps what is most of each layer's own weight.
  @Test func budgetCountsBesideTheBaseModel() throws {
    let folder = try TemporaryFolder()
    func ranks(_ options: [String]) throws -> [String: Int] {
      let said = try report(
        ["resize", Self.adapter, "--params", "400", "-o", folder["o.st"]] + options)
      #expect((said["error_of_base"] != nil) == !options.isEmpty)
      return try AdapterFile(bytes: folder.bytes("o.st")).ranks
    }
    let (plain, beside) = (try ranks([]), try ranks(["--base", Self.base]))
    let block = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_"
    #expect(plain[block + "k"] == 1 && plain[block + "q"] ?? 0 > 1)
    #expect(beside[block + "k"] ?? 0 > 1, "its weight is fifty times smaller: \(beside)")
  }
}
