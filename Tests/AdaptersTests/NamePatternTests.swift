import Foundation
import Testing

@testable import Adapters

/// Patterns of configurations: what Python's `re` says, and no longer than that takes.
@Suite struct NamePatternTests {
  /// Expressions, names, and whether Python's `re.fullmatch` finds the one in the other.
  static let cases: [(String, String, Bool)] = [
    ("q_proj", "q_proj", true), ("q_proj", "xq_proj", false), (".*q_proj", "a.b.q_proj", true),
    ("^model\\.layers\\.\\d+\\.q$", "model.layers.12.q", true), ("^a$", "ab", false),
    ("(q|k|v)_proj", "k_proj", true), ("(q|k|v)_proj", "o_proj", false),
    ("layers\\.([0-9]|1[0-5])\\..*", "layers.12.x", true),
    ("layers\\.([0-9]|1[0-5])\\..*", "layers.16.x", false), ("a{2,3}", "aa", true),
    ("a{2,3}", "aaaa", false), ("a{2}", "aa", true), ("a{,2}", "", true), ("a{2,}", "aaaaa", true),
    ("[^.]+", "a.b", false), ("[^.]+", "ab", true), ("[a-c_]+", "abc_", true),
    ("[]a]+", "]a", true), ("[\\d.]+", "1.5", true), ("(?:ab)+", "abab", true),
    ("(?P<name>a|b)c", "bc", true), ("a??b*?", "abb", true), ("", "", true), ("a|", "", true),
    ("\\w+\\.\\W", "ab_1.-", true), (".", "\n", false), ("\\Aab\\Z", "ab", true),
    ("(a*)*", "aaaa", true), ("(a*)*", "aab", false), ("x\\_y\\.", "x_y.", true),
  ]

  @Test(arguments: cases) func isAsPythonReadsIt(text: String, name: String, matches: Bool) throws {
    #expect(try #require(NamePattern(text)).matches(name) == matches, "\(text) in \(name)")
  }

  @Test(arguments: [
    "(", ")", "a)", "[a", "(?=a)", "(?!a)", "(?<=a)b", "\\1", "(a)\\1", "*a", "a**", "a{3,2}",
    "a{99999999}", "[b-a]", "\\q", "(?i)a", "^*", "a{5000}{5000}", "(a{900}){900}",
  ])
  func whatIsNotUnderstoodIsNone(text: String) { #expect(NamePattern(text) == nil) }

  /// Expressions on which those who try one way after another take exponential time.
  @Test(arguments: [
    "(a+)+$", "(a|a)*b", "(a|aa)+$", "(.*a){20}", "((a*)*)*b", "(.*)*(.*)*(.*)*x",
  ])
  func hostilePatternsTakeNoLonger(text: String) throws {
    let start = ContinuousClock.now
    let pattern = try #require(NamePattern("(.*\\.)?(\(text))"))
    for _ in 0..<20 { _ = pattern.matches(String(repeating: "a", count: 200) + "!") }
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test func firstPatternOfTheDocumentCounts() throws {
    let json =
      #"{"lora_alpha": 1, "r": 1, "alpha_pattern": {"q_proj": 2, ".*layers\\.1\\..*": 3, "q": 5}}"#
    let configuration = try AdapterConfiguration(json: Array(json.utf8), path: "x")
    func alpha(_ module: String) -> Double? {
      configuration.scaling(of: module, prefix: "", LoRA(), rank: 1, storedAlpha: nil)?.alpha
    }
    #expect(alpha("layers.1.q_proj") == 2 && alpha("layers.1.k_proj") == 3)
    #expect(alpha("x.q") == 5 && alpha("layers.2.k_proj") == 1)
  }

  @Test(arguments: ["alpha_pattern", "rank_pattern"])
  func patternThatIsNotUnderstoodIsNamed(key: String) {
    let json = #"{"r": 1, "lora_alpha": 1, "\#(key)": {"(?!q).*": 2}}"#
    let error = #expect(throws: AdapterError.self) {
      try AdapterConfiguration(json: Array(json.utf8), path: "x.json")
    }
    #expect(error?.description.contains("'(?!q).*'") == true, "\(error?.description ?? "")")
  }
}
