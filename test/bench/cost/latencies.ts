// How long AWS usually takes for a request from the same region, in milliseconds. Not measured here: DynamoDB documents single-digit
// milliseconds, and public measurements of the others agree on these orders of magnitude. They make the time a function waits for,
// which is what its price depends on; twice the latency is about twice the function's time.

export const latenciesMs: { readonly [command: string]: number } = {
  GetItemCommand: 4,
  BatchGetItemCommand: 5,
  QueryCommand: 5,
  ScanCommand: 10,
  TransactGetItemsCommand: 12,
  PutItemCommand: 6,
  UpdateItemCommand: 6,
  DeleteItemCommand: 6,
  BatchWriteItemCommand: 8,
  TransactWriteItemsCommand: 15,
  PutObjectCommand: 25,
  GetObjectCommand: 15,
  HeadObjectCommand: 10,
  SendMessageBatchCommand: 8,
  ReceiveMessageCommand: 8,
  DeleteMessageBatchCommand: 8,
  ChangeMessageVisibilityBatchCommand: 8,
}

export const LATENCY_OTHERWISE_MS = 15

/** A dialogue of EHLO, STARTTLS, EHLO, AUTH, MAIL, RCPT, DATA, the message and QUIT with a relay host in the region. */
export const RELAY_SESSION_MS = 250

/** One SendEmail of 50 KB. */
export const SES_CALL_MS = 100
