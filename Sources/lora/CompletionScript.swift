import ArgumentParser

/// The completions of a shell, for the program and for the link of each command.
///
/// ArgumentParser writes them for the program alone. A link completes as the program does whose
/// first word is the link's command.
struct CompletionScript {
  private let shell: CompletionShell

  /// - Returns: `nil` where the words ask for something else.
  init?(_ words: [String]) throws {
    let flag = "--generate-completion-script"
    guard let first = words.first, first.hasPrefix(flag) else { return nil }
    let name = first == flag ? words.dropFirst().first : String(first.dropFirst(flag.count + 1))
    guard let shell = name.flatMap({ CompletionShell(rawValue: $0) }) else { return nil }
    self.shell = shell
  }

  var text: String {
    let script = Lora.completionScript(for: shell)
    switch shell {
    case .bash: return script + "\n" + bashLinks
    case .zsh: return zsh(script)
    case .fish: return script + "\n" + fishLinks
    default: return script
    }
  }

  private var commands: [String] {
    Lora.configuration.subcommands.filter { $0.configuration.shouldDisplay }
      .map { $0._commandName }
  }

  private var links: String { commands.map { "lora-\($0)" }.joined(separator: " ") }

  /// The words and the line are made those of `lora COMMAND`, and the program's function is called.
  private var bashLinks: String {
    """

    _lora_link() {
        local -r link="${COMP_WORDS[0]}"
        local -r command="${link##*/lora-}"
        local -r program="lora ${command#lora-}"
        COMP_WORDS=(${program} "${COMP_WORDS[@]:1}")
        COMP_LINE="${program}${COMP_LINE#"${link}"}"
        ((COMP_CWORD += 1, COMP_POINT += ${#program} - ${#link}))
        local -r previous="${COMP_WORDS[COMP_CWORD - 1]}"
        _lora lora "${2}" "${previous}"
    }
    complete -o filenames -F _lora_link \(links)
    """
  }

  /// zsh asks one function for all the names that stand in a script's first line.
  private func zsh(_ script: String) -> String {
    script
      .replacing("#compdef lora\n", with: "#compdef lora \(links)\n")
      .replacing(
        "    local -r command_name=",
        with: """
              if [[ "${words[1]:t}" = lora-* ]]; then
                  words=(lora "${${words[1]:t}#lora-}" "${words[@]:1}")
                  ((CURRENT += 1))
              fi

              local -r command_name=
          """
      )
      .replacing("compdef _lora lora\n", with: "compdef _lora lora \(links)\n")
  }

  private var fishLinks: String {
    commands.map { "complete -c lora-\($0) --wraps 'lora \($0)'" }.joined(separator: "\n")
  }
}
