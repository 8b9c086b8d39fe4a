// Mutations — the readers of Fuzz without a fuzzer: so many changed files of the corpus, by number.
//
//     Mutations list                          the readers' names
//     Mutations run READER SEED FIRST COUNT PROGRESS   reads inputs; prints how many were accepted
//     Mutations show READER SEED NUMBER       writes one input
//     Mutations read READER FILE              says what is wrong with a file
//
// An input that traps ends the process by a signal, one that takes more than ten seconds by
// SIGALRM; the file PROGRESS then holds its number. `scripts/check-mutations` runs this.

import FoundationEssentials
import FuzzReaders
import Glibc

let arguments = Array(CommandLine.arguments.dropFirst())

func usage() -> Never {
  print(
    "Mutations list | run READER SEED FIRST COUNT PROGRESS | show READER SEED NUMBER | read READER FILE"
  )
  exit(64)
}

func number(_ index: Int) -> UInt64 {
  guard index < arguments.count, let value = UInt64(arguments[index]) else { usage() }
  return value
}

func namedReader() -> Reader {
  guard arguments.count > 1, let reader = Reader.named(arguments[1]) else { usage() }
  return reader
}

switch arguments.first {
case "list":
  for reader in Reader.all { print(reader.name) }
case "run":
  guard arguments.count == 6 else { usage() }
  let reader = namedReader()
  let corpus = try Corpus(reader.name)
  let progress = unsafe open(arguments[5], O_WRONLY | O_CREAT | O_TRUNC, 0o600)
  var accepted = 0
  for index in number(3)..<number(3) + number(4) {
    let text = "\(index)\n"
    _ = unsafe pwrite(progress, text, text.utf8.count, 0)
    alarm(10)
    if reader.complaint(about: corpus.input(index, seed: number(2))) == nil { accepted += 1 }
  }
  print(accepted)
case "show":
  let input = try Corpus(namedReader().name).input(number(3), seed: number(2))
  _ = unsafe write(STDOUT_FILENO, input, input.count)
case "read":
  guard arguments.count == 3 else { usage() }
  let bytes = Array(try Data(contentsOf: URL(filePath: arguments[2])))
  print(namedReader().complaint(about: bytes) ?? "accepted")
default: usage()
}
