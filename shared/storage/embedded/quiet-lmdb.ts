// lmdb-js prints the failure of a commit to the console, with its stack, and rejects with it as well. We answer and log what it
// rejects with; an administrator at the command line gets one line that says what is wrong.

let isQuiet = false

export function quietLmdb(): void {
  if (isQuiet) return
  isQuiet = true
  const print = console.error.bind(console)
  console.error = (...words: readonly unknown[]) => {
    if (words.length === 1 && isFromLmdb(words[0])) return
    print(...words)
  }
}

function isFromLmdb(word: unknown): boolean {
  if (!(word instanceof Error) || !('code' in word) || typeof word.code !== 'number') return false
  return /[\\/]lmdb[\\/]/.test(word.stack ?? '')
}
