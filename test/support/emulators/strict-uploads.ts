// What S3 refuses of an upload in parts for the sake of its checksums, and fauxqs does not: the algorithm is named when the
// upload begins, every part states a checksum of it, and the end names the checksum of every part. Size and order of the parts
// fauxqs checks itself.
//
// S3 was seen to refuse parts that state a checksum under an upload that named none when they are sent (InvalidRequest), or only
// at the end (InvalidPart); here they are refused at once.

import { type Refusal, s3Refusal } from './refusal.ts'
import type { StatedChecksums } from './stated-checksums.ts'

type Upload = {
  /** `CRC32` and the like; undefined when the upload named none. */
  readonly algorithm: string | undefined
  /** Checksum by part number. */
  readonly parts: Map<number, string>
}

export class StrictUploads {
  readonly #uploads = new Map<string, Upload>()

  begin(uploadId: string, algorithm: string | undefined): void {
    this.#uploads.set(uploadId, { algorithm, parts: new Map() })
  }

  part(
    uploadId: string,
    partNumber: number,
    { values }: Pick<StatedChecksums, 'values'>,
  ): Refusal | undefined {
    const upload = this.#uploads.get(uploadId)
    if (upload === undefined) return undefined // fauxqs says NoSuchUpload
    const [stated] = [...values.keys()].filter((name) => name !== 'MD5')
    if (stated !== upload.algorithm) return s3Refusal(400, 'InvalidRequest')
    if (stated !== undefined) upload.parts.set(partNumber, values.get(stated) ?? '')
    return undefined
  }

  complete(uploadId: string, xml: string): Refusal | undefined {
    const upload = this.#uploads.get(uploadId)
    if (upload?.algorithm === undefined) return undefined
    const field = new RegExp(`<Checksum${upload.algorithm}>([^<]*)<`)
    for (const [, part = ''] of xml.matchAll(/<Part>([\s\S]*?)<\/Part>/g)) {
      const [, checksum] = field.exec(part) ?? []
      if (checksum === undefined) return s3Refusal(400, 'InvalidRequest')
      const partNumber = Number(/<PartNumber>(\d+)</.exec(part)?.[1])
      if (checksum !== upload.parts.get(partNumber)) return s3Refusal(400, 'InvalidPart')
    }
    return undefined
  }
}
