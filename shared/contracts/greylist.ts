// What greylisting knows of a client, and of who writes to whom from where. Told and changed by services/policy/greylist.

export type Triplet = {
  /** An IP address. */
  readonly client: string
  /** '' for the null sender. */
  readonly sender: string
  readonly recipient: string
}

export type TripletFacts = {
  /** What stands for the client: its network, or `spf:<domain>` where the sender's domain lets it send. */
  readonly place: string
  /** It came and has to come again; it was let in; or neither is known. */
  readonly state: 'waiting' | 'passed' | 'unknown'
  readonly firstMs: number | null
  /** Of one that waits: from when on it is let in. */
  readonly fromMs: number | null
  /** When all of it is forgotten. */
  readonly endsMs: number | null
}

export type GreylistedClient = {
  /** How often triplets of it were let in for the first time. */
  readonly passes: number
  /** From so many on it is greylisted no more; 0: however many. */
  readonly passesEnough: number
  readonly endsMs: number | null
}

/** Null stands for a client that is no IP address. */
export interface GreylistBook {
  triplet(triplet: Triplet): Promise<readonly TripletFacts[] | null>
  /** As if it had come again in time. */
  allow(triplet: Triplet): Promise<readonly TripletFacts[] | null>
  forget(triplet: Triplet): Promise<readonly TripletFacts[] | null>
  client(address: string): Promise<GreylistedClient | null>
  /** As if it had come again often enough. */
  allowClient(address: string): Promise<GreylistedClient | null>
  forgetClient(address: string): Promise<GreylistedClient | null>
}
