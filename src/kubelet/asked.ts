/** What was asked, as far as an error should name it. */
export interface Asked {
  /** `prod/payments-node-a/cache`, or the path of another request. */
  readonly what: string;
  /** `host:port` of the kubelet or the API server. */
  readonly where: string;
  readonly method: 'GET' | 'POST';
}
