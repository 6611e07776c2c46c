import assert from "node:assert/strict";

export function check_unit_vector(vector, size) {
  assert.equal(vector.length, size);
  const length = Math.hypot(...vector);
  assert.ok(Math.abs(length - 1) < 1e-3, `the vector's length is ${length}`);
}
