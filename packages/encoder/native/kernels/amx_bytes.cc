// int8 matrices for AMX, whose one instruction multiplies 16 rows of 64 bytes by 16 columns of 64: sixteen times VNNI's sums a cycle.
// The sums are the same integers, so that vectors are the same to the last bit.
#if defined(VOISIN_AMX)
#include "bytes.inl"

namespace voisin {
namespace {

constexpr size_t tileRows = 16;
constexpr size_t tileBytes = 64;
constexpr size_t blockRows = 2 * tileRows;
/// So few rows wait for their panel rather than for sums, and setting up the tiles takes longer than it saves: 7 tokens 0.60 ms by VNNI, 0.69 by AMX.
constexpr size_t fewRows = 8;

/// What the tile registers hold, as the processor reads it.
struct alignas(64) Shapes {
    uint8_t palette = 1;
    uint8_t startRow = 0;
    uint8_t reserved[14] = {};
    uint16_t lineBytes[16] = {tileBytes, tileBytes, tileBytes, tileBytes, tileBytes, tileBytes, tileBytes, tileBytes};
    uint8_t lines[16] = {tileRows, tileRows, tileRows, tileRows, tileRows, tileRows, tileRows, tileRows};
};
static_assert(sizeof(Shapes) == 64);
const Shapes shapes;

/// The tile registers are large: a thread that leaves them empty is switched faster.
struct Tiles {
    Tiles() {
        _tile_loadconfig(&shapes);
    }
    ~Tiles() {
        _tile_release();
    }
};

/// 16 or 32 rows x 32 columns.
template <bool both> void block(const uint8_t* rows, size_t inner, const int8_t* panel, int32_t (*sums)[panelWidth]) {
    constexpr int line = panelWidth * 4;
    _tile_zero(0);
    _tile_zero(1);
    if constexpr (both) {
        _tile_zero(2);
        _tile_zero(3);
    }
    for (size_t k = 0; k < inner; k += tileBytes) {
        const int8_t* at = panel + k * panelWidth;
        _tile_loadd(6, at, line);
        _tile_loadd(7, at + tileBytes, line);
        _tile_loadd(4, rows + k, inner);
        _tile_dpbusd(0, 4, 6);
        _tile_dpbusd(1, 4, 7);
        if constexpr (both) {
            _tile_loadd(5, rows + tileRows * inner + k, inner);
            _tile_dpbusd(2, 5, 6);
            _tile_dpbusd(3, 5, 7);
        }
    }
    _tile_stored(0, sums[0], sizeof *sums);
    _tile_stored(1, sums[0] + wide, sizeof *sums);
    if constexpr (both) {
        _tile_stored(2, sums[tileRows], sizeof *sums);
        _tile_stored(3, sums[tileRows] + wide, sizeof *sums);
    }
}

void multiply(const ByteRows& in, size_t rows, const Panels& panels, size_t panel, const ByteColumns& columns, const Output& out) {
    const size_t inner = panels.inner;
    if (inner % tileBytes != 0 || rows <= fewRows) return avx512Bytes.multiply(in, rows, panels, panel, columns, out);
    const Tiles tiles;
    const auto* values = static_cast<const int8_t*>(panels.values) + panel * inner * panelWidth;
    alignas(64) int32_t sums[blockRows][panelWidth];
    for (size_t first = 0; first < rows; first += blockRows) {
        const size_t count = rows - first < blockRows ? rows - first : blockRows;
        if (count > tileRows) block<true>(in.values + first * inner, inner, values, sums);
        else block<false>(in.values + first * inner, inner, values, sums);
        for (size_t r = 0; r < count; r++) {
            Ints line[columnVectors];
            __builtin_memcpy(line, sums[r], sizeof line);
            finish(line, in.scales[first + r], columns, out.then, out.values + (first + r) * out.stride);
        }
    }
}

} // namespace

const ByteKernels amxBytes{panelWidth, tileRows, quantize, multiply};

} // namespace voisin
#endif
