// A policy says something this evaluation does not understand. A guess in either direction would make a test lie.

export class UnsupportedPolicy extends Error {
  constructor(what: string, where: unknown) {
    super(`cannot evaluate ${what}: ${JSON.stringify(where)}`)
    this.name = 'UnsupportedPolicy'
  }
}
