export { Encoder } from './encoder.js';
