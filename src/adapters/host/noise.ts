const sampleBytes = 4096

/**
 * The squared deviations of 256 counts from their mean sum up to 255, give or take 23, for random bytes
 * (https://en.wikipedia.org/wiki/Chi-squared_test): one sample in 10^17 exceeds a bound of 500, and so do all with 70
 * zeros or a few words of text in them.
 */
const mostDeviation = 500

const deviationOf = (sample: Uint8Array): number => {
  const counts = new Uint32Array(256)
  for (const byte of sample) counts[byte] = (counts[byte] ?? 0) + 1
  const mean = sample.length / 256
  return counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / mean
}

/** Whether every sample of the bytes looks random. Zeros do not: on an encrypted disk somebody wrote them. */
export const isNoise = (bytes: Uint8Array): boolean => {
  for (let start = 0; start < bytes.length; start += sampleBytes) {
    const sample = bytes.subarray(start, start + sampleBytes)
    if (sample.length < sampleBytes || deviationOf(sample) > mostDeviation) return false
  }
  return bytes.length > 0
}
